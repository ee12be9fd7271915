import { expect, test } from 'bun:test'
import { createRuleFinder } from './route-rules.ts'

const find = createRuleFinder({
  'GET /*': { access: 'workspace' },
  'GET /media/*': { access: 'workspace' },
  'GET /api/things/:id': { access: 'workspace' },
  'GET /api/things/count': { access: 'workspace' },
  'DELETE /api/things/:id': { access: 'admin' },
  'POST /api/things': { access: 'secret', body: { kind: 'form', maxBytes: 7 } },
})

for (const [method, path, expected] of [
  ['GET', '/', '/*'],
  ['GET', '/assets/x.js', '/*'],
  ['GET', '/media/w/1/x.png', '/media/*'],
  ['HEAD', '/media/w/1/x.png', '/media/*'],
  ['GET', '/api/things/1', '/api/things/:id'],
  ['GET', '/api/things/1/', '/api/things/:id'],
  ['GET', '/api/things/count', '/api/things/count'],
  ['GET', '/api/things/1/2', '/*'],
  ['DELETE', '/api/things/count', '/api/things/:id'],
  ['POST', '/api/things', '/api/things'],
  ['POST', '/api/things/1', 'method_not_allowed'],
  ['PUT', '/api/things', 'method_not_allowed'],
  ['OPTIONS', '/api/things', 'method_not_allowed'],
  ['POST', '/elsewhere', 'not_found'],
  ['POST', '/api/thingsx', 'not_found'],
  ['POST', '//api/things', 'not_found'],
] as const) {
  test(`${method} ${path} is ${expected}`, () => {
    expect(findOrCode(method, path)).toBe(expected)
  })
}

test('a rule has the body that it declares, else a small one of JSON', () => {
  expect(find('POST', '/api/things').body).toEqual({ kind: 'form', maxBytes: 7 })
  expect(find('DELETE', '/api/things/1')).toMatchObject({ access: 'admin', body: { kind: 'json', maxBytes: 65_536 } })
})

test('a refusal of a method names those that there are', () => {
  const allowed = (path: string) => {
    try {
      return find('PATCH', path).path
    } catch (error) {
      return (error as { headers: Record<string, string> }).headers.allow
    }
  }
  expect(['/api/things', '/api/things/count', '/media/x'].map(allowed)).toEqual([
    'POST',
    'DELETE, GET, HEAD',
    'GET, HEAD',
  ])
})

function findOrCode(method: string, path: string): string {
  try {
    return find(method, path).path
  } catch (error) {
    return (error as { code: string }).code
  }
}
