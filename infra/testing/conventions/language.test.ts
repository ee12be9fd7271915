import { expect, test } from 'bun:test'
import { basename } from 'node:path'
import { declarationsOf, wordsOf } from './declarations.ts'
import { FIRST_WORDS, PHRASES, WORDS } from './language.ts'
import { parseFile, readRepository, type SourceFile } from './source-files.ts'

/** This folder speaks of the words itself. */
const EXEMPT = /^infra\/testing\/conventions\//

const USE = new Map(WORDS.flatMap(({ words, use }) => words.map(word => [word, use] as const)))

test('no file is named by a word that means several things', async () => {
  const files = await sourceFiles()
  expect(files.flatMap(({ path }) => complaints(path, basename(path).replace(/\.\w+$/, '')))).toEqual([])
})

test('nothing is named by a word that means several things', async () => {
  expect((await sourceFiles()).flatMap(namesToReplace)).toEqual([])
})

test('a docstring begins with what the thing does or is', async () => {
  expect((await sourceFiles()).flatMap(docstringsToTurnRound)).toEqual([])
})

test('the docstring of a function begins with a verb', async () => {
  expect((await sourceFiles()).flatMap(docstringsWithoutVerb)).toEqual([])
})

test('no comment has to be decoded', async () => {
  expect((await sourceFiles()).flatMap(phrasesToReplace)).toEqual([])
})

test.each([
  ['export function openGround() {}', [`a.ts:1 openGround: use ${USE.get('ground')}`]],
  ['const tellAll = () => {}', [`a.ts:1 tellAll: use ${USE.get('tell')}`]],
  ['const { a: laneOf } = b', [`a.ts:1 laneOf: use ${USE.get('lane')}`]],
  ['interface A {\n  kept: string\n}', [`a.ts:2 kept: use ${USE.get('kept')}`]],
  ['function a({ b, ...held }: C) {}', [`a.ts:1 held: use ${USE.get('held')}`]],
  ['class A {\n  judge() {}\n}', [`a.ts:2 judge: use ${USE.get('judge')}`]],
  ['const background = placeholder("lane-demo", "ground")', []],
  ['const { ground } = theirs\ntheirs.tell(ground)', []],
])('%j: %j', (source, expected) => {
  expect(namesToReplace(parseFile('a.ts', source))).toEqual(expected)
})

test.each([
  ['/** What is asked. */\nconst a = 1', 1],
  ['/** How long it takes, in ms. */\nconst a = 1', 1],
  ['/** The time that it takes, in ms. */\nconst a = 1', 0],
  ['// What is fine in a comment that says why.', 0],
])('%j: %j to turn round', (source, count) => {
  expect(docstringsToTurnRound(parseFile('a.ts', source))).toHaveLength(count)
})

test.each([
  ['/** Returns one. */\nexport function a() {}', 0],
  ['/** The one. */\nexport function a() {}', 1],
  ['/** Also returns one. */\nfunction a() {}', 1],
  ['function a() {}', 0],
])('%j: %j without a verb', (source, count) => {
  expect(docstringsWithoutVerb(parseFile('a.ts', source))).toHaveLength(count)
})

async function sourceFiles(): Promise<SourceFile[]> {
  return [...(await readRepository()).values()].filter(({ path }) => !EXEMPT.test(path))
}

function namesToReplace(file: SourceFile): string[] {
  return declarationsOf(file).names.flatMap(({ name, line }) => complaints(`${file.path}:${line}`, name))
}

function complaints(where: string, name: string): string[] {
  const word = wordsOf(name).find(word => USE.has(word))
  return word === undefined ? [] : [`${where} ${name}: use ${USE.get(word)}`]
}

function docstringsToTurnRound({ path, source }: SourceFile): string[] {
  const docstrings = declarationsOf({ path, source } as SourceFile).comments.filter(({ isDocstring }) => isDocstring)
  const first = new RegExp(`^(${FIRST_WORDS.join('|')})\\b`)
  return docstrings
    .filter(({ text }) => first.test(text))
    .map(({ text, line }) => `${path}:${line} ${text.slice(0, 60)}`)
}

/** "Returns", "Marks", "Throws": the third person, present tense. */
const VERB =
  /^(?!(This|Its|Always|Whereas|As|Is|Was|Has|Does|Others|Sometimes|Besides|Perhaps|Less|Thus)\b)[A-Z][a-z-]*s\b/

function docstringsWithoutVerb(file: SourceFile): string[] {
  return declarationsOf(file)
    .functions.filter(({ docstring }) => docstring !== '' && !docstring.startsWith('@') && !VERB.test(docstring))
    .filter(({ name }) => !isComponent(name))
    .map(({ name, line, docstring }) => `${file.path}:${line} ${name}: ${docstring.slice(0, 60)}`)
}

/** A component's docstring says what is seen, as a noun. */
function isComponent(name: string): boolean {
  return /^[A-Z]/.test(name)
}

function phrasesToReplace(file: SourceFile): string[] {
  return declarationsOf(file).comments.flatMap(({ text, line }) =>
    PHRASES.filter(({ phrase }) => phrase.test(text)).map(
      ({ phrase, use }) => `${file.path}:${line} ${phrase}: ${use}`,
    ),
  )
}
