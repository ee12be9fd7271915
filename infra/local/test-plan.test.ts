import { expect, test } from 'bun:test'
import { planTests } from './test-plan.ts'

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
  expect(planTests(FILES).flat(2).toSorted()).toEqual(FILES.toSorted())
})

test('runs the browser tests one after the other, each in a process of its own, and begins with them', () => {
  expect(planTests(FILES)[0]).toEqual([['./frontend/e2e/a.browser.ts'], ['./frontend/e2e/b.browser.ts']])
})

test('runs the files of a folder in one process, and each fault test in its own, the longest first', () => {
  expect(planTests(FILES).slice(1)).toEqual([
    [['./services/processor/src/worker.live.test.ts']],
    [['./infra/local/doctor.live.test.ts']],
    [['./infra/testing/installs/kills.live.test.ts']],
    [['./services/ingest/src/app.live.test.ts']],
    [['./contracts/src/size.test.ts']],
    [['./infra/faults/cluster/cluster.faults.ts']],
    [['./infra/faults/chaos/answers.faults.ts']],
    [['./infra/faults/chaos/processor.faults.ts']],
    [['./infra/faults/chaos/store.faults.ts']],
  ])
})

test('leaves out what has no files', () => {
  expect(planTests(['./contracts/src/size.test.ts'])).toEqual([[['./contracts/src/size.test.ts']]])
})
