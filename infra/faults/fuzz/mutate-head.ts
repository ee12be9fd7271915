import type { Random } from '../../testing/random.ts'
import type { RequestDraft } from './draft.ts'

type Mutate = (draft: RequestDraft, random: Random) => void

const TYPES = [
  '',
  ';',
  'text/plain',
  'Application/JSON;charset=x',
  'multipart/form-data',
  'multipart/form-data; boundary=',
  'multipart/form-data; boundary=x',
  'multipart/form-data; boundary=x; boundary=bad-input',
  `multipart/form-data; boundary=${'x'.repeat(80)}`,
]
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'get', 'QUERY', 'P\0ST']
const RANGES = [
  'bytes=0-0',
  'bytes=-1',
  'bytes=9-1',
  'bytes=99999999-',
  'bytes=1-2,4-5',
  'bytes=18446744073709551616-',
  'x=1',
]
const NAMES = ['limit', 'cursor', 'direction', 'includeParameters', 'status', '__proto__', 'limit[]', '%00', '']
const VALUES = [
  '0',
  '1',
  '100',
  '101',
  '-1',
  '1e1',
  '1e999',
  'older',
  'newer',
  'true',
  '%00',
  '%zz',
  '%F0%9F%92%A9',
  "'",
  'a'.repeat(300),
]
const PATH_FRAGMENTS = [
  '/..',
  '/%2e%2e',
  '//',
  '%2f',
  '%5c',
  '\\',
  '%00',
  '%',
  '%zz',
  ';a=b',
  '/.',
  '?',
  '#',
  '%c0%af',
  'a'.repeat(3_000),
  'a'.repeat(30_000),
]

/** Mutations of the request line and headers. */
const MUTATIONS: Record<string, Mutate> = {
  'no type': draft => withoutHeader(draft, 'content-type'),
  'another type': (draft, random) =>
    addHeader(withoutHeader(draft, 'content-type'), 'Content-Type', random.pick(TYPES)),
  'two types': (draft, random) => addHeader(draft, 'Content-Type', random.pick(TYPES)),
  'an encoding': (draft, random) => addHeader(draft, 'Content-Encoding', random.pick(['gzip', 'br', 'identity', 'x'])),
  'an origin': (draft, random) =>
    addHeader(draft, 'Origin', random.pick(['null', 'http://evil.example', 'http://localhost', 'x'])),
  'a host': (draft, random) =>
    addHeader(draft, 'Host', random.pick(['evil.example', 'localhost', 'localhost:x', '[', 'a, b'])),
  'a range': (draft, random) => addHeader(draft, 'Range', random.pick(RANGES)),
  'a condition': (draft, random) =>
    addHeader(draft, random.pick(['If-None-Match', 'If-Range', 'If-Match']), random.pick(['*', '"x"', 'x', ''])),
  'an id': (draft, random) =>
    addHeader(draft, 'X-Request-Id', random.pick(['short', 'a'.repeat(100), '<script>', 'abcdefgh'])),
  'a header': (draft, random) =>
    addHeader(
      draft,
      random.pick(['Cookie', 'Accept', 'X-Forwarded-For', 'Connection', 'Expect', 'Upgrade']),
      randomToken(random),
    ),
  'a header of bytes': malformed((draft, random) =>
    addHeader(draft, `X-${randomToken(random)}`, random.bytes(20).toString('latin1')),
  ),
  'a long header': malformed((draft, random) =>
    addHeader(draft, 'X-Long', 'a'.repeat(random.pick([1_000, 20_000, 200_000]))),
  ),
  'another method': malformed((draft, random) => assign(draft, { method: random.pick(METHODS) })),
  'a parameter': (draft, random) => {
    const joint = draft.target.includes('?') ? '&' : '?'
    assign(draft, { target: `${draft.target}${joint}${random.pick(NAMES)}=${random.pick(VALUES)}` })
  },
  'another path': malformed((draft, random) => {
    const at = random.nextInt(draft.target.length + 1)
    assign(draft, { target: draft.target.slice(0, at) + random.pick(PATH_FRAGMENTS) + draft.target.slice(at) })
  }),
  'an address of bytes': malformed((draft, random) => {
    const at = 1 + random.nextInt(draft.target.length)
    assign(draft, { target: draft.target.slice(0, at) + random.bytes(1 + random.nextInt(3)).toString('latin1') })
  }),
  chunks: draft => assign(draft, { framing: 'chunked' }),
  'no framing': malformed(draft => assign(draft, { framing: 'none' })),
  'a length that is too small': malformed(draft => addHeader(draft, 'Content-Length', '1')),
  'a length that is none': malformed((draft, random) =>
    addHeader(draft, 'Content-Length', random.pick(['x', '-1', '1e9', '1, 1', '99999999999'])),
  ),
}

/** Mutates the request line and headers in one or two ways. */
export function mutateHead(draft: RequestDraft, random: Random): void {
  for (let times = 1 + random.nextInt(2); times > 0; times--) {
    const name = random.pick(Object.keys(MUTATIONS))
    MUTATIONS[name]?.(draft, random)
    draft.mutations.push(name)
  }
}

/** Marks a mutation whose result an HTTP parser may reject, or answer by closing the connection. */
function malformed(mutate: Mutate): Mutate {
  return (draft, random) => {
    mutate(draft, random)
    draft.isWellFormed = false
  }
}

function addHeader(draft: RequestDraft, name: string, value: string): void {
  draft.headers.push([name, value])
}

function withoutHeader(draft: RequestDraft, name: string): RequestDraft {
  return Object.assign(draft, { headers: draft.headers.filter(([given]) => given.toLowerCase() !== name) })
}

function assign(draft: RequestDraft, change: Partial<RequestDraft>): void {
  Object.assign(draft, change)
}

function randomToken(random: Random): string {
  return random.bytes(1 + random.nextInt(40)).toString('base64url')
}
