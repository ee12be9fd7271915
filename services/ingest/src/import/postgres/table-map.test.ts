import { expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TABLE_FIELDS } from './fields.ts'
import { parseTableMap } from './table-map.ts'

const PAGE = join(import.meta.dirname, '..', '..', '..', '..', '..', 'docs', 'import-database.md')

test('the map of the documentation is one, and the documentation names each column', async () => {
  const page = await readFile(PAGE, 'utf8')
  const [, example = ''] = /```json\n([^`]+)```/.exec(page) ?? []
  expect(parseTableMap(example)).toMatchObject({ generations: { table: 'AiImage' }, users: null })
  const fields = Object.values(TABLE_FIELDS).flatMap(table => Object.keys(table))
  expect(fields.filter(field => !page.includes(`\`${field}\``))).toEqual([])
})
