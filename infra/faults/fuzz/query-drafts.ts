import type { Random } from '../../testing/random.ts'
import { getDraft, type KnownResources, type RequestDraft } from './draft.ts'

/** Parameters of each address: some of its own, with values that are valid, nearly, or not at all. */
const ADDRESSES: Record<string, readonly string[]> = {
  '/api/generations': [
    'limit',
    'cursor',
    'direction',
    'around',
    'at',
    'status',
    'kind',
    'model',
    'favourite',
    'references',
    'trash',
    'q',
    'from',
    'to',
    'zone',
    'parent',
    'ids',
    'includeParameters',
  ],
  '/api/generations/count': ['status', 'kind', 'model', 'q', 'from', 'to', 'zone', 'trash'],
  '/api/generations/timeline': ['zone', 'status', 'q', 'from', 'to', 'trash'],
  '/api/usage': ['from', 'to', 'by', 'zone'],
  '/api/download': ['ids', 'metadata'],
  '/api/models': ['x'],
}

const VALUES = [
  '0',
  '1',
  '100',
  '-1',
  '1e9',
  '99999999999999999999',
  'older',
  'completed',
  'completed,failed',
  'image',
  'demo',
  'true',
  'day',
  'Europe/Berlin',
  'UTC',
  'Not/A_Zone',
  '2026-01-01',
  '2026-02-30',
  '0000-01-01',
  '275760-09-14',
  '2026-01-01T24:00:00Z',
  '2026-01-01T23:59:60Z',
  '2026-01-01T00:00:00%2B14:00',
  '2026-99-99T99:99:99Z',
  '%00',
  '%ED%A0%80',
  '%22fox',
  '-fox',
  'red%2C+fox',
  '(((((',
  "'",
  '%27%3B--',
  '%25_%5C',
  '%F0%9F%A6%8A',
  '00000000-0000-0000-0000-000000000000',
  'a+'.repeat(240),
  '(-%22'.repeat(90),
  'x'.repeat(500),
  `${'a'.repeat(200)}%CC%81`,
]
const RANGES = [
  '0-0',
  '-1',
  '9-1',
  '99999999-',
  '0-99999999',
  '1-2,4-5',
  '-',
  '0-18446744073709551616',
  '0-0,'.repeat(500),
]
const CONDITIONS = [
  '*',
  '"x"',
  'W/"x"',
  'x',
  '',
  '"a", "b"',
  `"${'a'.repeat(5_000)}"`,
  '"',
  'Thu, 01 Jan 1970 00:00:00 GMT',
  'no day',
]
const CONDITION_HEADERS = ['If-None-Match', 'If-Match', 'If-Range', 'If-Modified-Since', 'If-Unmodified-Since']

/** Creates a request with one to five parameters. */
export function createQueryDraft(random: Random, known: KnownResources): RequestDraft {
  const address = random.pick(Object.keys(ADDRESSES))
  const names = ADDRESSES[address] ?? []
  const values = [
    ...VALUES,
    known.cursor,
    known.generationId,
    known.generationId.toUpperCase(),
    `${known.generationId}.0`,
  ]
  const pairs = Array.from({ length: 1 + random.nextInt(5) }, () => `${random.pick(names)}=${random.pick(values)}`)
  return { ...getDraft(`${address}?${pairs.join('&')}`), mutations: ['any parameters'] }
}

/** Creates a request for a part of a file, or for one that has changed since. */
export function createRangeDraft(random: Random, { mediaPath }: KnownResources): RequestDraft {
  const headers: [string, string][] = [['Range', `bytes=${random.pick(RANGES)}`]]
  if (random.oneIn(2)) headers.push([random.pick(CONDITION_HEADERS), random.pick(CONDITIONS)])
  const method = random.oneIn(4) ? 'HEAD' : 'GET'
  return { ...getDraft(mediaPath), method, headers, mutations: ['a range'] }
}
