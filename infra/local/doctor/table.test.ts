import { expect, test } from 'bun:test'
import { runChecks } from './checks.ts'
import { formatTable } from './table.ts'

test('formats a table of name, state and advice', () => {
  const table = formatTable(
    [
      { name: 'Bun', status: 'good', detail: '1.4.5' },
      { name: 'Port', status: 'note', detail: '3000 is taken', advice: 'Set PORT for another.' },
      {
        name: 'Settings',
        status: 'wrong',
        detail: 'PORT: is no number\nHOST: is no address',
        advice: 'See README.md.',
      },
    ],
    false,
  )
  expect(table.split('\n')).toEqual([
    '     what      state               what to do',
    '  ✓  Bun       1.4.5',
    '  ·  Port      3000 is taken       Set PORT for another.',
    '  ✗  Settings  PORT: is no number  See README.md.',
    '               HOST: is no address',
  ])
})

test('moves the advice to the next line when the state is too long for its column', () => {
  const table = formatTable([{ name: 'NATS', status: 'wrong', detail: 'x'.repeat(60), advice: 'Start it.' }], false)
  expect(table.split('\n').slice(1)).toEqual([`  ✗  NATS  ${'x'.repeat(60)}`, `${' '.repeat(57)}Start it.`])
})

test('has the same text in colour', () => {
  const results = [{ name: 'Bun', status: 'good' as const, detail: '1.4.5' }]
  expect(formatTable(results, true)).not.toBe(formatTable(results, false))
  expect(Bun.stripANSI(formatTable(results, true))).toBe(formatTable(results, false))
})

test('a check that throws is wrong, and the others still run', async () => {
  const results = await runChecks([
    { name: 'Disk', run: () => Promise.reject(new Error('no such disk')) },
    { name: 'Bun', run: () => ({ status: 'good', detail: 'there' }) },
  ])
  expect(results).toEqual([
    { name: 'Disk', status: 'wrong', detail: 'no such disk' },
    { name: 'Bun', status: 'good', detail: 'there' },
  ])
})
