import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { createReplayBuffer } from './replay-buffer.ts'

const CAPACITY = 10
const additions = fc.array(
  fc.record({ workspaceId: fc.constantFrom('w', 'v'), id: fc.constantFrom('a', 'b', 'c'), gap: fc.nat(3) }),
)

test('returns the changes since a sequence, one per generation, at its last change, in order, or undefined', () => {
  fc.assert(
    fc.property(additions, fc.nat(200), fc.nat(20), (added, since, begin) => {
      const buffer = createReplayBuffer(CAPACITY)
      buffer.reset(begin)
      let sequence = begin
      const changes = added.map(({ gap, ...change }) => {
        sequence += 1 + gap
        return { ...change, sequence }
      })
      for (const change of changes) buffer.add(change)
      for (const change of changes.slice(-3)) buffer.add(change)
      const found = buffer.getChangesSince(since, 'w')
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
