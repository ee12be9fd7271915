import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { PREVIEW_WIDTHS } from './enums.ts'
import { INGEST_PREFIXES, mediaUrl, OPERATOR_PATHS, previewAt, previewKey, serviceFor } from './routes.ts'

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
  test(`${path} is answered by ${service ?? 'nobody outside'}`, () => expect(serviceFor(path)).toBe(service))
}

test('a path goes to ingest if, and only if, it is one of its prefixes or lies below one', () => {
  const prefix = fc.constantFrom(...INGEST_PREFIXES)
  fc.assert(fc.property(prefix, fc.webPath(), (base, rest) => expect(serviceFor(`${base}/${rest}`)).toBe('ingest')))
  fc.assert(
    fc.property(prefix, fc.stringMatching(/^[A-Za-z0-9_-]+$/), (base, more) => {
      expect(serviceFor(base + more)).toBe('query')
    }),
  )
})

test('the addresses of operators stay inside', () => {
  fc.assert(
    fc.property(fc.constantFrom(...OPERATOR_PATHS), fc.webPath(), (path, rest) => {
      expect(serviceFor(`${path}/${rest}`)).toBeUndefined()
    }),
  )
})

const key = fc.stringMatching(/^w\/[a-z0-9-]{4}\/gen\/[a-z0-9.-]{1,12}\/\d\.(png|jpg|webp|avif|gif)$/)
const width = fc.constantFrom(...PREVIEW_WIDTHS)
const largest = Math.max(...PREVIEW_WIDTHS) as (typeof PREVIEW_WIDTHS)[number]

test('from the address of the largest preview that of every other can be told', () => {
  fc.assert(
    fc.property(key, width, (object, wanted) => {
      expect(previewAt(mediaUrl(previewKey(object, largest)), wanted)).toBe(mediaUrl(previewKey(object, wanted)))
    }),
  )
})

test('a preview lies beside its object, under its name without the extension', () => {
  expect(previewKey('w/a.b/ref/c.png', 320)).toBe('w/a.b/ref/c.w320.webp')
  expect(previewKey('w/a.b/ref/c', 960)).toBe('w/a.b/ref/c.w960.webp')
})

test('the address of something that has no previews comes back as it is', () => {
  for (const url of ['/media/remote/0190/0', '/media/a.png', '/media/a.w960.webp.png', ''])
    expect(previewAt(url, 320)).toBe(url)
})
