import { expect, test } from 'bun:test'
import { runChecks } from './checks.ts'
import { formatTable } from './table.ts'

test('a table of what, how it is, and what to do', () => {
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

test('a state that is too long for its column pushes the advice down', () => {
  const table = formatTable([{ name: 'NATS', status: 'wrong', detail: 'x'.repeat(60), advice: 'Start it.' }], false)
  expect(table.split('\n').slice(1)).toEqual([`  ✗  NATS  ${'x'.repeat(60)}`, `${' '.repeat(57)}Start it.`])
})

test('in colour it says the same', () => {
  const found = [{ name: 'Bun', status: 'good' as const, detail: '1.4.5' }]
  expect(formatTable(found, true)).not.toBe(formatTable(found, false))
  expect(Bun.stripANSI(formatTable(found, true))).toBe(formatTable(found, false))
})

test('a look that fails is wrong, and the others are still looked at', async () => {
  const found = await runChecks([
    { name: 'Disk', run: () => Promise.reject(new Error('no such disk')) },
    { name: 'Bun', run: () => ({ status: 'good', detail: 'there' }) },
  ])
  expect(found).toEqual([
    { name: 'Disk', status: 'wrong', detail: 'no such disk' },
    { name: 'Bun', status: 'good', detail: 'there' },
  ])
})
