import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { INGEST_PREFIXES, OPERATOR_PATHS, resolveService } from './routes.ts'

for (const [path, service] of [
  ['/', 'query'],
  ['/api/generate', 'ingest'],
  ['/api/generate/0190/cancel', 'ingest'],
  ['/api/generate/', 'ingest'],
  ['/api/generations', 'query'],
  ['/api/generations/0190', 'query'],
  ['/api/generated', 'query'],
  ['/api/references', 'ingest'],
  ['/api/references-of', 'query'],
  ['/api/admin/backfill-reference-images', 'ingest'],
  ['/api/auth/session', 'ingest'],
  ['/api/events', 'query'],
  ['/api/models', 'query'],
  ['/api/download', 'query'],
  ['/API/generate', 'query'],
  ['/media/w/a.png', 'query'],
  ['/media/api/generate', 'query'],
  ['/assets/main.js', 'query'],
  ['/openapi.json', 'query'],
  ['/healthz', undefined],
  ['/readyz', undefined],
  ['/metrics', undefined],
  ['/metrics/x', undefined],
  ['/metricsx', 'query'],
] as const) {
  test(`routes ${path} to ${service ?? 'no service'}`, () => expect(resolveService(path)).toBe(service))
}

test('routes a path to ingest if, and only if, it is a prefix or lies below one', () => {
  const prefix = fc.constantFrom(...INGEST_PREFIXES)
  fc.assert(fc.property(prefix, fc.webPath(), (base, rest) => expect(resolveService(`${base}/${rest}`)).toBe('ingest')))
  fc.assert(
    fc.property(prefix, fc.stringMatching(/^[A-Za-z0-9_-]+$/), (base, more) => {
      expect(resolveService(base + more)).toBe('query')
    }),
  )
})

test('does not route the paths for operators', () => {
  fc.assert(
    fc.property(fc.constantFrom(...OPERATOR_PATHS), fc.webPath(), (path, rest) => {
      expect(resolveService(`${path}/${rest}`)).toBeUndefined()
    }),
  )
})
