import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { INGEST_PREFIXES, OPERATOR_PATHS } from '@darkroom/contracts/routes'

/** Compares the Caddyfile's routing table with the code. caddy.live.test.ts tests it in a real Caddy. */

const caddyfile = await Bun.file(join(import.meta.dirname, 'Caddyfile')).text()

test('routes the prefixes of the code to ingest, and nothing else', () => {
  expect(getMatcherPaths('ingest')).toEqual(expandPrefixes(INGEST_PREFIXES))
  expect(getBlock('handle @ingest')).toContain('reverse_proxy {$INGEST:ingest:8080}')
})

test('answers exactly the operator paths with 404, before any other route', () => {
  expect(getMatcherPaths('operators')).toEqual(expandPrefixes(OPERATOR_PATHS))
  expect(getBlock('handle @operators')).toMatch(/respond `.+` 404/)
  const order = [...caddyfile.matchAll(/^\thandle( @\w+)? \{$/gm)].map(([, matcher]) => matcher?.trim() ?? 'the rest')
  expect(order).toEqual(['@operators', '@ingest', 'the rest'])
})

test('routes the rest to query', () => {
  expect(getBlock('handle')).toContain('reverse_proxy {$QUERY:query:8080}')
})

test('has no other matcher or proxy', () => {
  expect(caddyfile.match(/reverse_proxy/g)).toHaveLength(2)
  expect(caddyfile.match(/^\t@/gm)).toHaveLength(2)
})

test('flushes every proxied response at once, and does not compress event streams', () => {
  expect(caddyfile.match(/reverse_proxy .+ \{\n\t\t\timport service\n/g)).toHaveLength(2)
  expect(getBlock('(service)', '')).toContain('flush_interval -1')
  const compressed = [...getBlock('encode zstd gzip').matchAll(/header Content-Type (\S+)/g)].map(([, type]) => type)
  expect(compressed.length).toBeGreaterThan(0)
  expect(compressed.filter(type => new Bun.Glob(type ?? '').match('text/event-stream'))).toEqual([])
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
