import { expect, test } from 'bun:test'
import { lookAt } from './checks.ts'
import { tableOf } from './table.ts'

test('a table of what, how it is, and what to do', () => {
  const table = tableOf(
    [
      { what: 'Bun', mark: 'good', state: '1.4.5' },
      { what: 'Port', mark: 'note', state: '3000 is taken', advice: 'Set PORT for another.' },
      { what: 'Settings', mark: 'wrong', state: 'PORT: is no number\nHOST: is no address', advice: 'See README.md.' },
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
  const table = tableOf([{ what: 'NATS', mark: 'wrong', state: 'x'.repeat(60), advice: 'Start it.' }], false)
  expect(table.split('\n').slice(1)).toEqual([`  ✗  NATS  ${'x'.repeat(60)}`, `${' '.repeat(57)}Start it.`])
})

test('in colour it says the same', () => {
  const found = [{ what: 'Bun', mark: 'good' as const, state: '1.4.5' }]
  expect(tableOf(found, true)).not.toBe(tableOf(found, false))
  expect(Bun.stripANSI(tableOf(found, true))).toBe(tableOf(found, false))
})

test('a look that fails is wrong, and the others are still looked at', async () => {
  const found = await lookAt([
    { what: 'Disk', look: () => Promise.reject(new Error('no such disk')) },
    { what: 'Bun', look: () => ({ mark: 'good', state: 'there' }) },
  ])
  expect(found).toEqual([
    { what: 'Disk', mark: 'wrong', state: 'no such disk' },
    { what: 'Bun', mark: 'good', state: 'there' },
  ])
})
