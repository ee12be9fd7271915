import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { PROBLEMS } from '@darkroom/contracts/problem'
import { INGEST_PREFIXES, OPERATOR_PATHS, READINESS_ROUTE } from '@darkroom/contracts/routes'
import { CLIENT_HEADER, FORWARDING_HEADERS } from '../src/http/client-address.ts'
import { AWAY_MESSAGES, AWAY_PAGE } from '../src/http/gateway/gateway-responses.ts'

/** Compares the Caddyfile's routing table and sentences with the code. caddy.live.test.ts tests it in a real Caddy. */

const caddyfile = await Bun.file(join(import.meta.dirname, 'Caddyfile')).text()

test('routes the prefixes of the code to ingest, and nothing else', () => {
  expect(getMatcherPaths('ingest')).toEqual(expandPrefixes(INGEST_PREFIXES))
  expect(getBlock('handle @ingest')).toContain('reverse_proxy {$INGEST:ingest:8080}')
  expect(getBlock('handle @prompt')).toContain('reverse_proxy {$INGEST:ingest:8080}')
  const [, paths = ''] = /^\t\tpath (.+)$/m.exec(getBlock('@prompt')) ?? []
  expect(getMatcherPaths('ingest')).toEqual(expect.arrayContaining(paths.split(' ')))
})

test('leaves out a service that takes no new requests, and one that failed; a request of query is sent to another one', () => {
  const service = getBlock('(service)', '')
  for (const line of [
    'lb_policy least_conn',
    'fail_duration {$FAIL_DURATION:1s}',
    'health_uri "{$HEALTH_URI:/healthz}"',
  ])
    expect(service).toContain(`\t${line}\n`)
  expect(OPERATOR_PATHS).toContain('/healthz')
  expect(getBlock('(retry)', '')).toContain('lb_try_duration 4s\n')
  for (const name of ['handle', 'handle @readiness']) expect(getBlock(name)).toContain('import retry\n')
  // It sends no body a second time.
  for (const name of ['handle @ingest', 'handle @prompt']) expect(getBlock(name)).not.toContain('import retry')
  expect(getBlock('(transport)', '')).toContain('dial_timeout 1s\n')
  expect(caddyfile.match(/\t\t\timport transport\n/g)).toHaveLength(4)
})

test('answers exactly the operator paths with 404, before any other route', () => {
  expect(getMatcherPaths('operators')).toEqual(expandPrefixes(OPERATOR_PATHS))
  expect(getBlock('handle @operators')).toMatch(/respond `.+` 404/)
  const order = [...caddyfile.matchAll(/^\thandle( @\w+)? \{$/gm)].map(([, matcher]) => matcher?.trim() ?? 'the rest')
  expect(order).toEqual(['@readiness', '@operators', '@prompt', '@ingest', 'the rest'])
})

test('routes the rest to query', () => {
  expect(getBlock('handle')).toContain('reverse_proxy {$QUERY:query:8080}')
})

test('routes the readiness of the studio to the path of query that answers it', () => {
  expect(getMatcherPaths('readiness')).toEqual([READINESS_ROUTE.path])
  const block = getBlock('handle @readiness')
  expect(block).toContain(`rewrite * ${READINESS_ROUTE.target}\n`)
  expect(block).toContain('reverse_proxy {$QUERY:query:8080}')
})

test('answers for a service that is away with the sentence of the local gateway', () => {
  const details = { 'handle @ingest': AWAY_MESSAGES.ingest, handle: AWAY_MESSAGES.query }
  for (const [name, detail] of Object.entries(details)) {
    const [, body = ''] = /respond `(.+)` 503/.exec(getBlock(name, '\t\t')) ?? []
    const { status, title } = PROBLEMS.unavailable
    expect(JSON.parse(body)).toMatchObject({ status, title, code: 'unavailable', detail })
  }
  expect(getBlock('handle_errors')).toContain('header Retry-After 1\n')
  expect(getBlock('handle @page', '\t\t')).toContain(`respond \`${AWAY_PAGE}\` 503`)
})

test('has no other matcher or proxy', () => {
  expect(caddyfile.match(/reverse_proxy/g)).toHaveLength(4)
  expect(caddyfile.match(/^\t+@/gm)).toHaveLength(5)
})

test('flushes every proxied response at once, and does not compress event streams', () => {
  expect(caddyfile.match(/reverse_proxy .+ \{\n\t\t\timport service\n/g)).toHaveLength(4)
  expect(getBlock('(service)', '')).toContain('flush_interval -1')
  const compressed = [...getBlock('encode zstd gzip').matchAll(/header Content-Type (\S+)/g)].map(([, type]) => type)
  expect(compressed.length).toBeGreaterThan(0)
  expect(compressed.filter(type => new Bun.Glob(type ?? '').match('text/event-stream'))).toEqual([])
})

test('names the address of a client to the services, and forwards none that the client names', () => {
  const service = getBlock('(service)', '')
  expect(service).toContain(`header_up ${CLIENT_HEADER} "{$GATEWAY_SECRET} {remote_host}"\n`)
  const removed = [...service.matchAll(/header_up -(\S+)/g)].map(([, name]) => name)
  const others = FORWARDING_HEADERS.filter(name => name !== CLIENT_HEADER)
  expect(removed.toSorted()).toEqual(others.toSorted())
})

test('closes idle connections within 30 seconds, and isolates its own page from others', () => {
  expect(caddyfile).toMatch(/timeouts \{\n(?:\t+#.*\n)*\t+read_header 10s\n\t+idle 30s\n/)
  expect(getBlock('handle @page', '\t\t')).toContain('header Cross-Origin-Opener-Policy same-origin\n')
})

test("Caddy's admin API is off", () => {
  expect(caddyfile).toMatch(/^\{\n\tadmin off$/m)
})

function expandPrefixes(prefixes: readonly string[]): string[] {
  return prefixes.flatMap(prefix => [prefix, `${prefix}/*`])
}

function getMatcherPaths(matcher: string): string[] {
  const [, paths = ''] = new RegExp(`^\\t@${matcher} path (.+)$`, 'm').exec(caddyfile) ?? []
  return paths.split(' ')
}

/** Returns the text between a line `head {` and its closing brace. */
function getBlock(head: string, indent = '\t'): string {
  const start = caddyfile.indexOf(`\n${indent}${head} {\n`)
  if (start === -1) throw new Error(`the Caddyfile has no ${head}`)
  return caddyfile.slice(start, caddyfile.indexOf(`\n${indent}}\n`, start + 1))
}
