import { expect, test } from 'bun:test'
import { createReplicaCheck } from './replica-check.ts'

const SECOND = 1_000
const CURRENT = { current: true }
const BEHIND = { current: false, lag: 2 }
const AWAY = { current: false, offline: true }

test.each<[statement: string, states: object[][], stepsDown: number]>([
  ['replaces the leader of a replica that stays behind', [[CURRENT, BEHIND], [CURRENT, BEHIND], [BEHIND], [BEHIND]], 1],
  ['does so again while that goes on, later and later', Array.from({ length: 20 }, () => [BEHIND]), 3],
  ['waits for some seconds', [[BEHIND], [BEHIND], [BEHIND]], 0],
  [
    'begins to wait again after the replica was current',
    [[BEHIND], [BEHIND], [CURRENT], [BEHIND], [BEHIND], [BEHIND]],
    0,
  ],
  ['leaves a server that is away alone', Array.from({ length: 8 }, () => [CURRENT, AWAY]), 0],
  ['leaves a consumer on one server alone', Array.from({ length: 8 }, () => []), 0],
])('%s', async (_, states, stepsDown) => {
  let [now, count] = [0, 0]
  const stepDown = async () => {
    count += 1
    throw new Error('refused')
  }
  const check = createReplicaCheck({ stepDown, now: () => now })
  for (const replicas of states) {
    await check({ cluster: { leader: 'a', replicas } } as Parameters<typeof check>[0])
    now += 2 * SECOND
  }
  await check({})
  expect(count).toBe(stepsDown)
})
