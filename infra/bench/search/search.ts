import { openBenchStack } from '../kit/bench-stack.ts'
import { type BenchResult, buildResult, createTarget, type Target } from '../kit/report.ts'
import { takeTurns } from '../kit/sampling.ts'
import { computeQuantile, computeQuartiles, computeRatio, formatQuartiles, formatSamples } from '../kit/statistics.ts'
import { insertOlderRows, insertSearchRows, vacuumSearchTables } from './search-rows.ts'
import { measureWords, type WordsCost } from './search-words.ts'

const GENERATIONS = 100_000
const ALL_GENERATIONS = 400_000
const SAMPLES = 60
const MAX_RATIO = 1.5
const MAX_MILLISECONDS = 20

const METHOD = [
  'The first page of 50 over HTTP, from the query service, without a search and with one. To prompts in English a text is appended: one of six,',
  'in Japanese (two), Korean, Thai, English with an emoji and German, so that 1 in 6 has it; and to 1 in 5,000 a word, characters and an emoji',
  `that no other has. First the studio has ${GENERATIONS.toLocaleString('en')} generations, then older ones besides, ${ALL_GENERATIONS.toLocaleString('en')} in all. One request after another.`,
  '',
  `${SAMPLES} samples, the variants in turns; medians, the middle half in brackets; ratios are of the same round.`,
  'Words: their bytes a generation, and the time of writing those of one, by the former rule (words as the parser of Postgres finds them) and now.',
]

/** Searches at both sizes; `isMixed` where one of its words is rare or several are common, for which the ratio has no target. */
const SEARCHES: { name: string; q: string; isMixed?: boolean }[] = [
  { name: 'plain page', q: '' },
  { name: 'common word', q: 'lighthouse' },
  { name: 'rare word', q: 'featherbloom' },
  { name: 'no such word', q: 'zeppelin' },
  { name: 'a word with accents', q: 'strasse' },
  { name: 'common CJK pair', q: '東京' },
  { name: 'rare CJK pair', q: '鯨骨' },
  { name: 'one CJK character', q: '京' },
  { name: 'one rare CJK character', q: '鯨' },
  { name: 'several CJK characters', q: '東京タワー' },
  { name: 'Korean', q: '서울' },
  { name: 'Thai', q: 'แม่น้ำ' },
  { name: 'emoji', q: '🦊' },
  { name: 'rare emoji', q: '🦩' },
  { name: 'phrase', q: '"candle light"' },
  { name: 'rare phrase', q: '"in the snow featherbloom"' },
  { name: 'a letter and a rare word', q: 'a featherbloom', isMixed: true },
  { name: 'three words', q: 'lighthouse candle linocut', isMixed: true },
]

interface Variant {
  name: string
  q: string
  isMixed: boolean
  generations: number
  milliseconds: number[]
  rows: number
}

/** Measures how long a search takes against the page without one, and what its words cost. */
export async function run(): Promise<BenchResult> {
  await using stack = await openBenchStack()
  const { database, folder } = stack
  const { url } = await stack.startService('query', { LOG_LEVEL: 'silent' })
  await insertSearchRows(database, folder, GENERATIONS)
  const words = await measureWords(database, GENERATIONS)
  await vacuumSearchTables(database)
  const few = await measure(url, GENERATIONS)
  await insertOlderRows(database, folder, ALL_GENERATIONS - GENERATIONS)
  await vacuumSearchTables(database)
  return createReport(few, await measure(url, ALL_GENERATIONS), words)
}

async function measure(url: string, generations: number): Promise<Variant[]> {
  const variants = SEARCHES.map(({ isMixed = false, ...search }) => ({
    ...search,
    ...{ isMixed, generations, milliseconds: [] as number[], rows: 0 },
  }))
  for (const variant of variants) variant.rows = await request(url, variant.q)
  await takeTurns(variants, SAMPLES, async variant => {
    const startedAt = performance.now()
    await request(url, variant.q)
    variant.milliseconds.push(performance.now() - startedAt)
  })
  return variants
}

async function request(url: string, q: string): Promise<number> {
  const response = await fetch(`${url}/api/generations${q === '' ? '' : `?q=${encodeURIComponent(q)}`}`)
  if (!response.ok) throw new Error(`a search was answered by ${response.status}`)
  const { generations } = (await response.json()) as { generations: unknown[] }
  return generations.length
}

function createReport(few: Variant[], many: Variant[], words: WordsCost[]): BenchResult {
  const ratio = ({ milliseconds, generations }: Variant) =>
    computeRatio(milliseconds, (generations === GENERATIONS ? few : many)[0]?.milliseconds ?? [])
  const measured = [...few, ...many]
  return buildResult<Variant>({
    title: 'Search',
    method: METHOD,
    columns: {
      generations: ({ generations }) => generations.toLocaleString('en'),
      page: ({ name, q }) => (q === '' ? name : `${name}: ${q}`),
      rows: ({ rows }) => String(rows),
      'p50, ms': ({ milliseconds }) => formatSamples(milliseconds, 2),
      'p95, ms': ({ milliseconds }) => computeQuantile(milliseconds, 0.95).toFixed(1),
      'times the plain page': variant => formatQuartiles(ratio(variant), 2),
    },
    rows: measured,
    extraRows: words.flatMap(createWordsRows),
    targets: [
      ...few
        .filter(({ q, isMixed }) => q !== '' && !isMixed)
        .map(variant => createRatioTarget(variant, ratio(variant))),
      ...many.filter(({ name }) => name === 'three words').map(createTimeTarget),
    ],
    samples: Object.fromEntries([
      ...measured.map(({ generations, name, milliseconds }) => [`${generations}, ${name}`, milliseconds]),
      ...words.map(({ name, milliseconds }) => [`words written, ${name}`, milliseconds]),
    ]),
  })
}

function createRatioTarget({ name, generations }: Variant, value: ReturnType<typeof computeRatio>): Target {
  const target = `${generations.toLocaleString('en')}, ${name}: ≤ ${MAX_RATIO} × the plain page`
  return createTarget({ target, value, digits: 2, atMost: MAX_RATIO })
}

function createTimeTarget({ name, generations, milliseconds }: Variant): Target {
  const target = `${generations.toLocaleString('en')}, ${name}: p50 ≤ ${MAX_MILLISECONDS} ms`
  return createTarget({
    target,
    value: computeQuartiles(milliseconds),
    digits: 1,
    suffix: ' ms',
    atMost: MAX_MILLISECONDS,
  })
}

function createWordsRows({ name, table, words, others, milliseconds }: WordsCost): string[][] {
  const bytes = [table, words, others].map(Math.round)
  return [
    ['', `bytes a generation, ${name}: table, index of words, other indexes`, '', bytes.join(', '), '', ''],
    ['', `words of a generation written, ${name}: ms`, '', formatSamples(milliseconds, 2), '', ''],
  ]
}
