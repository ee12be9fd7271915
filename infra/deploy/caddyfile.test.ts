import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { INGEST_PREFIXES, OPERATOR_PATHS } from '@darkroom/contracts/routes'

/** The Caddyfile's routing table is that of the code. That Caddy reads it as we do is shown by caddy.live.test.ts. */

const caddyfile = await Bun.file(join(import.meta.dirname, 'Caddyfile')).text()

test('what goes to ingest is what the code says, and nothing else', () => {
  expect(getMatcherPaths('ingest')).toEqual(expandPrefixes(INGEST_PREFIXES))
  expect(getBlock('handle @ingest')).toContain('reverse_proxy {$INGEST:ingest:8080}')
})

test("operators' addresses are answered with 404 before anything else is tried, and nothing else is", () => {
  expect(getMatcherPaths('operators')).toEqual(expandPrefixes(OPERATOR_PATHS))
  expect(getBlock('handle @operators')).toMatch(/respond `.+` 404/)
  const order = [...caddyfile.matchAll(/^\thandle( @\w+)? \{$/gm)].map(([, matcher]) => matcher?.trim() ?? 'the rest')
  expect(order).toEqual(['@operators', '@ingest', 'the rest'])
})

test('the rest goes to query', () => {
  expect(getBlock('handle')).toContain('reverse_proxy {$QUERY:query:8080}')
})

test('nothing is sent on that has no rule here', () => {
  expect(caddyfile.match(/reverse_proxy/g)).toHaveLength(2)
  expect(caddyfile.match(/^\t@/gm)).toHaveLength(2)
})

test('what goes on goes on at once, and an event stream is not compressed', () => {
  expect(caddyfile.match(/reverse_proxy .+ \{\n\t\t\timport service\n/g)).toHaveLength(2)
  expect(getBlock('(service)', '')).toContain('flush_interval -1')
  const compressed = [...getBlock('encode zstd gzip').matchAll(/header Content-Type (\S+)/g)].map(([, type]) => type)
  expect(compressed.length).toBeGreaterThan(0)
  expect(compressed.filter(type => new Bun.Glob(type ?? '').match('text/event-stream'))).toEqual([])
})

test('Caddy has no address from which it could be told to do otherwise', () => {
  expect(caddyfile).toMatch(/^\{\n\tadmin off$/m)
})

function expandPrefixes(prefixes: readonly string[]): string[] {
  return prefixes.flatMap(prefix => [prefix, `${prefix}/*`])
}

function getMatcherPaths(matcher: string): string[] {
  const [, paths = ''] = new RegExp(`^\\t@${matcher} path (.+)$`, 'm').exec(caddyfile) ?? []
  return paths.split(' ')
}

/** What is between a line `head {` and the brace that closes it at the same depth. */
function getBlock(head: string, indent = '\t'): string {
  const start = caddyfile.indexOf(`\n${indent}${head} {\n`)
  if (start === -1) throw new Error(`the Caddyfile has no ${head}`)
  return caddyfile.slice(start, caddyfile.indexOf(`\n${indent}}\n`, start + 1))
}
