import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { OPENAPI_FILE, validateOpenApi } from './openapi.ts'
import { ROOT } from './root.ts'

const read = async () => await Bun.file(join(ROOT, OPENAPI_FILE)).json()

test('the description is valid OpenAPI, and what it refers to is in it', async () => {
  const document = await read()
  await validateOpenApi(document)
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path)
  expect(references.length).toBeGreaterThan(100)
  const find = (path: string) =>
    path.split('/').reduce((value: Record<string, never> | undefined, name) => value?.[name], document)
  expect(references.filter(path => find(path) === undefined)).toEqual([])
})

test.each([
  ['a path without its slash', { paths: { 'api/x': {} } }],
  ['a parameter without a place', { paths: { '/x': { get: { parameters: [{ name: 'a' }], responses: {} } } } }],
  ['no title', { info: {} }],
])('refuses %s', async (_, change) => {
  await expect(validateOpenApi({ ...(await read()), ...change })).rejects.toThrow('not described as OpenAPI has it')
})
