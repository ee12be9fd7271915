import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { createReplayBuffer } from './replay-buffer.ts'

const CAPACITY = 10
const told = fc.array(
  fc.record({ workspaceId: fc.constantFrom('w', 'v'), id: fc.constantFrom('a', 'b', 'c'), gap: fc.nat(3) }),
)

test('what changed since a place is each generation once, at its last change, in order, or not known', () => {
  fc.assert(
    fc.property(told, fc.nat(200), fc.nat(20), (given, since, begin) => {
      const history = createReplayBuffer(CAPACITY)
      history.reset(begin)
      let sequence = begin
      const changes = given.map(({ gap, ...change }) => {
        sequence += 1 + gap
        return { ...change, sequence }
      })
      for (const change of changes) history.add(change)
      for (const change of changes.slice(-3)) history.add(change)
      const found = history.getChangesSince(since, 'w')
      if (since < begin) expect(found).toBeUndefined()
      if (!found) {
        expect(since < begin || changes.filter(change => change.sequence > since).length > CAPACITY).toBe(true)
        return
      }
      const after = changes.filter(change => change.sequence > since && change.workspaceId === 'w')
      const last = new Map(after.map(change => [change.id, change.sequence]))
      expect(found.map(change => [change.id, change.sequence] as const)).toEqual(
        [...last].toSorted(([, a], [, b]) => a - b),
      )
    }),
  )
})
