import { expect, test } from 'bun:test'
import { planStages } from './test-plan.ts'

const FILES = [
  './contracts/src/size.test.ts',
  './frontend/e2e/a.browser.ts',
  './frontend/e2e/b.browser.ts',
  './infra/faults/chaos/answers.faults.ts',
  './infra/faults/chaos/store.faults.ts',
  './infra/faults/chaos/processor.faults.ts',
  './infra/faults/cluster/cluster.faults.ts',
  './infra/local/doctor.live.test.ts',
  './infra/testing/installs/kills.live.test.ts',
  './services/ingest/src/app.live.test.ts',
  './services/processor/src/worker.live.test.ts',
]

test('runs each file once', () => {
  expect(planStages(FILES).flat(3).toSorted()).toEqual(FILES.toSorted())
})

test('runs the browser tests one after the other, each in a process of its own, and begins with them', () => {
  expect(planStages(FILES)[0]?.[0]).toEqual([['./frontend/e2e/a.browser.ts'], ['./frontend/e2e/b.browser.ts']])
})

test('runs the files of a folder in one process, and each fault test in its own, the longest first', () => {
  expect(planStages(FILES)[0]?.slice(1)).toEqual([
    [['./services/processor/src/worker.live.test.ts']],
    [['./infra/local/doctor.live.test.ts']],
    [['./infra/testing/installs/kills.live.test.ts']],
    [['./services/ingest/src/app.live.test.ts']],
    [['./contracts/src/size.test.ts']],
    [['./infra/faults/chaos/answers.faults.ts']],
    [['./infra/faults/chaos/processor.faults.ts']],
    [['./infra/faults/chaos/store.faults.ts']],
  ])
})

test('runs the tests of several hosts when all others have ended', () => {
  expect(planStages(FILES)[1]).toEqual([[['./infra/faults/cluster/cluster.faults.ts']]])
})

test('leaves out what has no files', () => {
  expect(planStages(['./contracts/src/size.test.ts'])).toEqual([[[['./contracts/src/size.test.ts']]], []])
})
