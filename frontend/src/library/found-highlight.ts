import { createEffect, onCleanup } from 'solid-js'

/** Name of the highlight in library.css. */
const HIGHLIGHT_NAME = 'found'

/**
 * The marks below the found words of the shown prompts. They are painted over the text and change neither the elements nor
 * their size. Browsers without custom highlights show none.
 *
 * @see https://www.w3.org/TR/css-highlight-api-1/
 */
export function FoundHighlight(props: { text: string }): null {
  if (!('highlights' in CSS)) return null
  createEffect(() => {
    const pattern = toPattern(props.text)
    CSS.highlights.delete(HIGHLIGHT_NAME)
    if (pattern === null) return
    let request = 0
    const mark = () => {
      request = 0
      CSS.highlights.set(HIGHLIGHT_NAME, new Highlight(...findRanges(document, pattern)))
    }
    const schedule = () => {
      request ||= requestAnimationFrame(mark)
    }
    const observer = new MutationObserver(schedule)
    observer.observe(document.body, { childList: true, subtree: true, characterData: true })
    schedule()
    onCleanup(() => {
      observer.disconnect()
      cancelAnimationFrame(request)
      CSS.highlights.delete(HIGHLIGHT_NAME)
    })
  })
  return null
}

/** Scripts without spaces, in which a part of a text is found wherever it is. */
const UNSPACED = String.raw`\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{sc=Bopo}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}ー`
const FOUND_ANYWHERE = new RegExp(String.raw`^[${UNSPACED}\p{ExtPict}\p{RI}]`, 'u')
/** A letter, mark or digit of a script with spaces. */
const LETTER = `(?:(?![${UNSPACED}])[\\p{L}\\p{M}\\p{N}])`

/**
 * Returns the pattern of the searched words in folded text; null if there are none. Words of scripts with spaces are matched from the
 * beginning of a word to its end.
 */
export function toPattern(text: string): RegExp | null {
  const { folded } = foldText(text.replaceAll(/[\u201C-\u201F\uFF02]/g, '"'))
  const phrases = [...folded.matchAll(/"([^"]+)"/g)].map(([, phrase = '']) => phrase.trim())
  const words = folded
    .replaceAll(/"[^"]*"/g, ' ')
    .replaceAll('"', ' ')
    .split(/[\s,\u060C\u3001\uFF0C]+/)
  const parts = [...phrases, ...words].filter(part => part !== '').map(toPartPattern)
  return parts.length === 0 ? null : new RegExp(parts.join('|'), 'gu')
}

interface Span {
  start: number
  end: number
}

/** Returns the beginning and end of each match in a text that is not folded. */
export function findMatches(text: string, pattern: RegExp): Span[] {
  const { folded, spans } = foldText(text)
  return [...folded.matchAll(pattern)].map(({ index, 0: match }) => ({
    start: spans[index]?.start ?? 0,
    end: spans[index + match.length - 1]?.end ?? text.length,
  }))
}

/** Folds case, accents and width, as the search does in most scripts. The span of each unit is that of its letter with its marks. */
function foldText(text: string): { folded: string; spans: Span[] } {
  const letters = [...text.matchAll(/.[\p{M}\uFF9E\uFF9F]*/gsu)].map(({ index, 0: letter }) => ({
    folded: letter
      .normalize('NFKD')
      .replaceAll(/[\u0300-\u036F]/g, '')
      .normalize('NFC')
      .toLowerCase()
      .replaceAll('ß', 'ss'),
    span: { start: index, end: index + letter.length },
  }))
  return {
    folded: letters.map(({ folded }) => folded).join(''),
    spans: letters.flatMap(({ folded, span }) => Array.from({ length: folded.length }, () => span)),
  }
}

function toPartPattern(part: string): string {
  const escaped = escapePattern(part)
  return FOUND_ANYWHERE.test(part) ? escaped : `(?<!${LETTER})${escaped}${LETTER}*`
}

function escapePattern(part: string): string {
  return part.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`)
}

function findRanges(root: Document, pattern: RegExp): Range[] {
  const texts = [...root.querySelectorAll('article [id^="prompt-"]')].flatMap(prompt => [...prompt.childNodes])
  return texts.flatMap(node => {
    if (!(node instanceof Text)) return []
    return findMatches(node.data, pattern).map(({ start, end }) => {
      const range = new Range()
      range.setStart(node, start)
      range.setEnd(node, end)
      return range
    })
  })
}
