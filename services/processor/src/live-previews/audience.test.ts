import { expect, test } from 'bun:test'
import { createAudience } from './audience.ts'

test('a workspace is watched for 40 s after each heartbeat, and no other is', () => {
  let time = 0
  const audience = createAudience(() => time)
  expect(audience.isWatched('a')).toBe(false)
  audience.add('a')
  time = 30_000
  expect([audience.isWatched('a'), audience.isWatched('b')]).toEqual([true, false])
  audience.add('a')
  time = 69_999
  expect(audience.isWatched('a')).toBe(true)
  time = 70_000
  expect(audience.isWatched('a')).toBe(false)
})

test('it remembers ten thousand workspaces at most: those with the newest heartbeats', () => {
  const audience = createAudience(() => 0)
  for (let n = 0; n <= 10_000; n++) audience.add(`w${n}`)
  expect([audience.isWatched('w0'), audience.isWatched('w1'), audience.isWatched('w10000')]).toEqual([
    false,
    true,
    true,
  ])
})
