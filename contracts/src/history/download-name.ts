import type { Kind } from '../enums.ts'

/** Names of downloaded files. Free of schemas. */

/** Longest stem in bytes of UTF-8: with number and extension it stays below the limits of every file system, in a deep folder too. */
export const MAX_STEM_BYTES = 80

/** The parts of an output that its file is named by. */
export interface NamedOutput {
  index: number
  kind: Kind
  url: string | null
  mimeType: string | null
}

/** Letters that do not decompose into a Latin letter and an accent. */
const LATIN_LETTERS: Record<string, string> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ħ: 'h',
  ı: 'i',
  ŋ: 'n',
}
const LATIN_LETTER_PATTERN = new RegExp(`[${Object.keys(LATIN_LETTERS).join('')}]`, 'g')

/**
 * Returns the name of an output's file: the words of the prompt, the number of the output, the extension of its type. It is safe on
 * every system: lower case, letters and digits of any script with dashes between, and never a reserved name, because of the number.
 *
 * @param stem as `createFileStem` returns it, unless another file has that name
 */
export function formatDownloadName(
  prompt: string,
  output: NamedOutput,
  stem = createFileStem(prompt, output.kind),
): string {
  return `${stem}-${output.index + 1}.${getExtension(output)}`
}

/** Returns the words of a prompt with dashes between, as many as fit; the kind if the prompt has no words. */
export function createFileStem(prompt: string, kind: Kind): string {
  const words = foldAccents(prompt).match(/[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu) ?? []
  return joinWords(words) || kind
}

/** Lower-cases a text and removes accents of Latin letters. Marks of other scripts are parts of their words. */
function foldAccents(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .toLowerCase()
    .replace(/(?<=\p{L})['’](?=\p{L})/gu, '')
    .normalize('NFD')
    .replace(/(\p{Script=Latin})\p{M}+/gu, '$1')
    .normalize('NFC')
    .replace(LATIN_LETTER_PATTERN, letter => LATIN_LETTERS[letter] ?? letter)
}

/** Joins words until the next one does not fit. A first word that is too long, as of scripts without spaces, is cut. */
function joinWords(words: readonly string[]): string {
  let [stem = ''] = words
  if (getByteLength(stem) > MAX_STEM_BYTES) return cutWord(stem)
  for (const word of words.slice(1)) {
    const longer = `${stem}-${word}`
    if (getByteLength(longer) > MAX_STEM_BYTES) break
    stem = longer
  }
  return stem
}

/** Cuts a word between two characters, never between a letter and its marks. */
function cutWord(word: string): string {
  let cut = ''
  for (const [character] of word.matchAll(/.\p{M}*/gsu)) {
    if (getByteLength(cut + character) > MAX_STEM_BYTES) break
    cut += character
  }
  return cut
}

function getByteLength(text: string): number {
  return new TextEncoder().encode(text).byteLength
}

/** Returns the extension of a file: that of its address, else that of its type. */
function getExtension({ kind, url, mimeType }: NamedOutput): string {
  const [, ofUrl] = /\.([a-z0-9]{2,5})$/.exec(url ?? '') ?? []
  const [, ofType] = /^(?:image|video)\/([a-z0-9]{2,5})$/.exec(mimeType ?? '') ?? []
  const extension = ofUrl ?? ofType ?? (kind === 'video' ? 'mp4' : 'png')
  return extension === 'jpeg' ? 'jpg' : extension
}
