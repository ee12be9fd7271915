import { expect, test } from 'bun:test'
import { checkHistory } from './check-history.ts'
import type { GenerationSnapshot, RecordedTransition } from './generation-snapshots.ts'

/** Checks a history, given as `from→to attempt`, separated by commas. */
function checkHistoryText(history: string, attempt: number): string[] {
  const happened = history.split(', ').map(text => {
    const [, from, to, at] = /^(\w*)→(\w+) (\d+)$/.exec(text) ?? []
    return { from: from || null, to, attempt: Number(at), at: '' } as RecordedTransition
  })
  const status = happened.at(-1)?.to ?? 'queued'
  return checkHistory({ happened, status, attempt } as unknown as GenerationSnapshot)
}

for (const [history, attempt] of [
  ['→queued 0, queued→processing 1, processing→uploading 1, uploading→completed 1', 1],
  ['→queued 0, queued→processing 1, processing→processing 2, processing→failed 2', 2],
  ['→queued 0, queued→cancelled 0, cancelled→queued 0, queued→processing 1', 1],
  ['→queued 0, queued→processing 1, processing→failed 1, failed→processing 1, processing→processing 2', 2],
] as const) {
  test(`accepts ${history}`, () => expect(checkHistoryText(history, attempt)).toEqual([]))
}

for (const [history, attempt, invariant] of [
  ['→queued 0, queued→processing 1, processing→completed 1', 1, 'I4'],
  ['→queued 0, queued→processing 1, uploading→completed 1', 1, 'I4'],
  ['→queued 0, queued→processing 1, processing→processing 1, processing→failed 1', 1, 'I4'],
  ['→queued 0, queued→processing 1, processing→failed 1', 2, 'I3'],
  ['→queued 0, queued→processing 1, processing→failed 1, failed→failed 1', 1, 'I3'],
  ['→processing 1, processing→failed 1', 1, 'I4'],
] as const) {
  test(`reports ${history}`, () => expect(checkHistoryText(history, attempt).join()).toContain(invariant))
}
