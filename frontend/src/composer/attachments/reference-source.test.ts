import { expect, test } from 'bun:test'
import { getSourceName } from './reference-source.ts'

test('shows a file name without characters that turn its direction, and isolates one of other scripts', () => {
  const nameOf = (name: string) => getSourceName(new File([], name))
  expect(nameOf('boat.png')).toBe('boat.png')
  expect(nameOf('boat\u202Egnp.exe')).toBe('boatgnp.exe')
  expect(nameOf('\u2066\u200Fa\u061C\u2069.png')).toBe('a.png')
  expect(nameOf('סירה.png')).toBe('\u2068סירה.png\u2069')
})
