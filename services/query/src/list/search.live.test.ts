import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type Database, openDatabase } from '@darkroom/infra/database/connection'
import { runDataMigrations } from '@darkroom/infra/database/data-migrations'
import { createLog } from '@darkroom/infra/log'
import { createTestDatabase } from '@darkroom/infra/testing/test-resources'
import fc from 'fast-check'
import { insertRow, insertRows } from '../rows.fixture.ts'
import type { Cursor } from './cursor.ts'
import { ListParameters, parseListQuery } from './list-parameters.ts'
import { selectRows } from './list-rows.ts'
import { isPlainSearch, readNewestFound } from './newest-found.ts'

/** Searches in every script, and what they find. */

const RUNS = 15
/** Generations before those that are looked up. */
const NEWER_ROWS = 1_000

/** Texts, with what finds them and what does not. */
const CASES: [prompt: string, found: string[], notFound: string[]][] = [
  [
    '夜の東京タワー',
    ['東京', '京', '夜', 'ー', '東京タワー', 'の東京', '"東京タワー"', '夜 タワー', '夜の東京タワー'],
    ['京東', '東タ', '東京都', '夜東', '朝', 'タワータ'],
  ],
  ['東の空、京の町', ['東', '京', '空 町', '東の空'], ['東京', '空京', '"空京"']],
  [
    'a 東京 night',
    ['東京 night', 'night 東京', '"a 東京 night"', '京 nig', '"京 night"', 'a,東京'],
    ['"東京 a"', '東京都 night', '"東 night"'],
  ],
  [
    'iPhone用ケース第3章',
    ['iphone', 'ケース', 'iphone用', '用ケ', '第3章', '3章', 'IPHONE用ケース'],
    ['phone', '第4章', 'ース章'],
  ],
  ['上海的夜景与外滩', ['上海', '夜景', '海的', '外滩', '景与外'], ['北京', '海上', '夜外']],
  [
    '눈 내리는 서울의 골목',
    ['서울', '울의', '서울의 골목', '눈', '골', '"서울의 골목"', '내리'],
    ['서골', '서울골목', '부산'],
  ],
  ['เมืองเก่าริมแม่น้ำยามเย็น', ['เมือง', 'เก่า', 'แม่น้ำ', 'น้ำ', 'เย็น', 'ริมแม่น้ำ'], ['ทะเล', 'น้ำเย็น']],
  ['ວັດເກົ່າແຄມນ້ຳຂອງ', ['ວັດ', 'ນ້ຳ', 'ເກົ່າ'], ['ຂອງວັດ']],
  ['ប្រាសាទអង្គរវត្ត', ['អង្គរ', 'វត្ត', 'ប្រាសាទ'], ['វត្តអង្គរ']],
  ['ရွှေတိဂုံဘုရား ညနေခင်း', ['ဘုရား', 'တိဂုံ', 'ညနေ'], ['ဘုရားညနေ']],
  ['ไทย\u200Bโบราณ', ['ไทยโบราณ', 'โบราณ', 'ไทย\u200Bโบราณ'], ['โบราณไทย']],
  ['ཁ་བའི་རི', ['ཁ་བ', 'རི', 'ཁ་བའི་རི'], ['བའི་ཁ']],
  ['ｶﾞﾗｽの塔 ＡＢＣ', ['ガラス', 'ﾗｽ', 'abc', 'ＡＢ', 'ガラスの塔'], ['カラス', 'bc']],
  ['はか', ['はか'], ['ばか', 'ぱか']],
  ['ガラスのカップ', ['カ\u3099ラス', 'カップ', 'ｶｯﾌﾟ'], ['ラスカ']],
  [
    'Le Café de la Gare',
    ['cafe', 'CAFÉ', 'cafe\u0301', 'caf', '"café de la gare"', 'gare'],
    ['afe', '"cafe gare"', 'cafes'],
  ],
  ['a plain cafe', ['café', 'CAFÉ', 'Cafe\u0301'], ['cafés']],
  ['Crème bru\u0302le\u0301e', ['creme brulee', 'brûlée', '"crème brûlée"'], ['"brûlée crème"']],
  ['Große Straße', ['strasse', 'STRASSE', 'straße', 'grosse', 'STRAẞE', 'stra'], ['strase']],
  ['Hauptstrasse 12', ['hauptstraße', '12'], ['strasse']],
  ['İSTANBUL ışıkları', ['istanbul', 'ISTANBUL', 'İstanbul', 'ıstanbul', 'isiklari', 'IŞIK'], ['stanbul']],
  ['ΟΔΥΣΣΕΥΣ', ['οδυσσευς', 'Οδυσσεύς', 'οδυσσευσ', 'ΟΔΥΣ'], ['σευς']],
  ['ᾠδή τῇ θαλάσσῃ', ['ωδη', 'θαλασση', 'τη'], ['δη']],
  ['Ørsted Łódź þing æble Œuvre', ['orsted', 'lodz', 'thing', 'aeble', 'oeuvre', 'łódź', 'ØRSTED'], ['sted']],
  ['Tiếng Việt: Hà Nội, Đà Nẵng', ['tieng viet', 'hà nội', 'ha noi', 'da nang', 'ĐÀ'], ['noi ban']],
  ['Зелёный лес, мой дом', ['зеленый', 'ЗЕЛЁНЫЙ', 'лес', 'мой', 'мои\u0306', 'дом'], ['мои', 'еный']],
  ['м\u02BCята і сім\u2019я', ["м'ята", 'м’ята', "сім'я", 'ята'], ['мята']],
  ['שָׁלוֹם עוֹלָם', ['שלום', 'שָׁלוֹם', 'עולם', '"שלום עולם"'], ['לום']],
  ['שלום בית', ['שָׁלוֹם'], ['בַּיִתִי']],
  ['مُحَمَّد في الـــبيت', ['محمد', 'مُحَمَّد', 'البيت', 'الب'], ['حمد']],
  ['أحمد والقاهرة ١٢٣', ['احمد', 'أحمد', 'والقاهره', '123'], ['قاهرة']],
  ['सड़क ४५६ और ถนน ๗๘๙, ០១២', ['456', '४५६', '७८९', '789', '๗๘', '012'], ['457', '56']],
  ['می\u200Cخواهم کتاب ۴۵', ['میخواهم', 'می\u200Cخواهم', 'كتاب', '45'], ['خواهم']],
  ['हिन्दी में क़लम', ['हिन्दी', 'हिन्', 'क\u093Cलम', 'क़लम', 'में'], ['हन्दी', 'हद', 'कलम']],
  ['কলকাতা শহর', ['কলকাতা', 'কল', 'শহর'], ['কলকতা']],
  ['தமிழ் நாடு', ['தமிழ்', 'தமி', 'நாடு'], ['தமழ']],
  ['ქართული და Ქართული', ['ქართული', 'ქარ'], ['ართული']],
  ['ሰላም፡ለዓለም', ['ሰላም', 'ለዓለም', 'ሰላም ለዓ'], ['ላም']],
  ['a 🦊 in snow', ['🦊', '"a 🦊 in"', '🦊 snow', '🦊,snow'], ['🐺', 'snow🦊', '"🦊 snow"']],
  ['well done 👍🏽!', ['👍', '👍🏽', 'done 👍'], ['👍🏿', '👎']],
  ['thumb 👍', ['👍'], ['👍🏽']],
  ['crew 👩\u200D🚀 up', ['👩\u200D🚀', '👩', '🚀', 'up'], ['👨\u200D🚀', '🚀👩']],
  ['flags 🇩🇪🇫🇷', ['🇩🇪', '🇫🇷', '🇩🇪🇫🇷', '🇩'], ['🇪🇫', '🇫🇷🇩🇪', '🇮🇹']],
  [
    'flag 🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}',
    ['🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}', '🏴'],
    ['🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}'],
  ],
  ['love ❤️ and ☀', ['❤', '❤️', '☀️', '☀'], ['♥']],
  ['key 0️⃣ cap', ['0️⃣', '0'], ['6️⃣']],
  ['𝐟𝐨𝐱 ﬁre ½ m² ⓪', ['fox', 'fire', 'm2', '0'], ['ox']],
  [
    'a fox that is red',
    ['red,fox', 'red, fox', 'fox red', '"that is red"', '“is red”'],
    ['"red fox"', 'red-fox', 'ed'],
  ],
  ['red-fox {"a":0} f/1.4', ['red-f', '{"a":0}', '1.4', '"red fox"', 'f/1'], ['"fox red"', '1.5']],
  ["don't \\ stop % _ 'quoted'", ["don't", 'don’t', 'stop', "'quoted'", 'stop%'], ['stopp', '"stop don"']],
  ['x\u0301y e\u0301', ['xy', 'x́y', 'é'], ['yx']],
  ['co\u00ADop\u2060era soft', ['coopera', 'co\u00ADop'], ['era']],
  ['𠮷野家 𩸽', ['𠮷', '𠮷野', '野家', '𩸽'], ['𠮷家']],
]

/** Texts of which each part finds the whole. */
const UNSPACED = [
  '夜の東京タワーと𠮷野家',
  '雨の京都の古い路地を歩く猫',
  '눈내리는서울의골목길',
  'เมืองเก่าริมแม่น้ำ',
  'ああああいああ',
]
/** Ways to write a word, all of which find each other. */
const FORMS: ((word: string) => string)[] = [
  word => word.normalize('NFC'),
  word => word.normalize('NFD'),
  word => word.normalize('NFKD'),
  word => word.toUpperCase(),
  word => word.toLowerCase(),
  word => word.normalize('NFD').replaceAll(/\p{Mn}/gu, ''),
  word => word.replaceAll(/[!-~]/g, letter => String.fromCodePoint((letter.codePointAt(0) ?? 0) + 0xfee0)),
]
const WORDS = [
  'Straße',
  'café',
  'Übermut',
  'naïve',
  'Ελλάδα',
  'Σίσυφος',
  'ёлка',
  'Thị',
  'çağdaş',
  'fjord',
  'ŽIŽKA',
  'ﬁne',
  'Ǆ',
]

const stack = new AsyncDisposableStack()
let sql: Database
/** A workspace with the texts alone: they are found while walking the list. */
const WALKED = crypto.randomUUID()
/** A workspace where newer generations are before them: they are looked up. */
const LOOKED_UP = crypto.randomUUID()
const prompts = new Map<string, string>()

beforeAll(async () => {
  const { url } = stack.use(await createTestDatabase())
  sql = openDatabase({ url, name: 'test', log: createLog({ service: 'test', level: 'silent' }) })
  stack.defer(() => sql.end({ timeout: 1 }))
  await insertRows(sql, LOOKED_UP, NEWER_ROWS)
  for (const workspace of [WALKED, LOOKED_UP])
    for (const prompt of [...CASES.map(([prompt]) => prompt), ...UNSPACED, ...WORDS.flatMap(getForms)])
      prompts.set(await insertRow(sql, workspace, { prompt, createdAt: '2020-01-01T00:00:00Z' }), prompt)
})
afterAll(() => stack.disposeAsync())

for (const [prompt, found, notFound] of CASES) {
  test(`finds ${JSON.stringify(prompt)} by ${found.join(' | ')}, and not by ${notFound.join(' | ')}`, async () => {
    const results = await Promise.all([...found, ...notFound].map(async q => [q, await isFound(q, prompt)]))
    expect(results).toEqual([...found.map(q => [q, true]), ...notFound.map(q => [q, false])])
  })
}

test('finds a text in a script without spaces by each of its parts', async () => {
  const parts = fc.constantFrom(...UNSPACED).chain(prompt => {
    const { length } = [...prompt]
    const ends = fc.tuple(fc.nat(length - 1), fc.nat(length - 1))
    return ends.map(([a, b]) => ({ prompt, part: [...prompt].slice(Math.min(a, b), Math.max(a, b) + 1).join('') }))
  })
  const isFoundByPart = async ({ prompt, part }: { prompt: string; part: string }) =>
    expect([part, await isFound(part, prompt), await isFound(`"${part}"`, prompt)]).toEqual([part, true, true])
  await fc.assert(fc.asyncProperty(parts, isFoundByPart), { numRuns: RUNS })
})

test('finds every way to write a word by every other', async () => {
  const pairs = fc
    .constantFrom(...WORDS)
    .chain(word => fc.tuple(fc.constantFrom(...getForms(word)), fc.constantFrom(...getForms(word))))
  await fc.assert(
    fc.asyncProperty(pairs, async ([prompt, q]) =>
      expect([prompt, q, await isFound(q, prompt)]).toEqual([prompt, q, true]),
    ),
    { numRuns: RUNS },
  )
})

test('pages through what is found from any place, whether it is walked or looked up', async () => {
  const rows = await sql<Cursor[]>`
    select generation_id as id, timestamp_text(created_at) as "createdAt" from generation_documents
    where workspace_id = ${LOOKED_UP} order by created_at desc`
  // Words of every generation, of 1 in 40, of 1 in 1,000 and of none, alone and together.
  const words = fc.subarray(['number', 'n', 'rare', '99', '"number 7', '"prompt number 840"', 'nowhere'], {
    minLength: 1,
    maxLength: 3,
  })
  const pages = fc.record({ words, limit: fc.integer({ min: 1, max: 100 }), at: fc.option(fc.nat(NEWER_ROWS - 1)) })
  await fc.assert(
    fc.asyncProperty(pages, async ({ words, limit, at }) => {
      const parameters = ListParameters.parse({ q: words.join(' '), limit: String(limit) })
      const cursor = at === null ? null : (rows[at] ?? null)
      const query = {
        ...parseListQuery(parameters, LOOKED_UP),
        anchor: { kind: 'cursor', direction: 'older', cursor } as const,
      }
      const filter = { ...query.filter, search: query.search && { ...query.search, isCommon: true } }
      const range = { direction: 'older', cursor, inclusive: false, limit: limit + 1 } as const
      const expected = await selectRows(sql, { filter, includeParameters: false }, range)
      if (!isPlainSearch(query)) throw new Error('a search has a filter')
      expect([words, readIds((await readNewestFound(sql, query)) ?? [])]).toEqual([words, getIds(expected)])
    }),
    { numRuns: 40 },
  )
})

test('takes any text as a search and as a prompt, and the longest in time', async () => {
  const awkward = fc.string({
    unit: fc.constantFrom(...'"\'\\!&|<>:*() a東京ب\u0301\u200D\u{1F98A}\uFDFA%_{}[]'),
    maxLength: 200,
  })
  await fc.assert(
    fc.asyncProperty(awkward, async text => {
      await insertRow(sql, WALKED, { prompt: text })
      await find(WALKED, text)
    }),
    { numRuns: RUNS },
  )
  const letters = Array.from({ length: 30_000 }, (_, at) => String.fromCodePoint(0x4e00 + ((at * 7_919) % 20_000)))
  const long = letters.join('')
  const id = await insertRow(sql, WALKED, { prompt: `${long} \uFDFA` })
  await insertRow(sql, WALKED, { prompt: '\uFDFA'.repeat(32_000) })
  for (const from of [0, 16_380, 29_000])
    expect(await find(WALKED, letters.slice(from, from + 2).join(''))).toContain(id)
  await find(WALKED, '\uFDFA'.repeat(500))
})

test('finds words that are stored as an older version has done, and all of them once they are written again', async () => {
  const workspace = crypto.randomUUID()
  const id = await insertRow(sql, workspace, { prompt: 'a quiet harbour, 東京' })
  await sql`
    update generation_words set created_at = null, words = (
      select string_agg(quote_literal(word), ' ')::tsvector
      from unnest('{a,quiet,harbour,東京,demo}'::text[]) word
    ) where generation_id = ${id}`
  expect(await find(workspace, 'harb 東京')).toEqual([id])
  expect(await find(workspace, '京')).toEqual([])
  await sql`delete from upkeep where name like 'words-%'`
  await runDataMigrations(sql, {})
  expect(await find(workspace, 'harb 京')).toEqual([id])
})

function getForms(word: string): string[] {
  return [...new Set(FORMS.map(write => write(word)))]
}

async function isFound(q: string, prompt: string): Promise<boolean> {
  const results = await Promise.all([WALKED, LOOKED_UP].map(async workspace => await find(workspace, q)))
  const [walked, ...others] = results.map(ids => ids.some(id => prompts.get(id) === prompt))
  expect([q, prompt, others]).toEqual([q, prompt, others.map(() => walked ?? false)])
  return walked ?? false
}

/** Finds generations in one statement, and as a list with other filters does: common words while walking, others by the index. @returns their ids */
async function find(workspace: string, q: string): Promise<string[]> {
  const query = parseListQuery(ListParameters.parse({ q, limit: '100' }), workspace)
  const { search } = query
  if (!search || !isPlainSearch(query)) return []
  const filter = { ...query.filter, search: { ...search, isCommon: workspace === WALKED } }
  const range = { direction: 'older', cursor: null, inclusive: false, limit: 101 } as const
  const [newest, rows] = await Promise.all([
    readNewestFound(sql, query),
    selectRows(sql, { filter, includeParameters: false }, range),
  ])
  if (newest) expect([q, readIds(newest)]).toEqual([q, getIds(rows)])
  return getIds(rows)
}

function readIds(documents: readonly Buffer[]): string[] {
  return getIds(documents.map(document => ({ document: document.toString() })))
}

function getIds(rows: readonly { document: string }[]): string[] {
  return rows.map(row => JSON.parse(row.document).id)
}
