import { expect, test } from 'bun:test'
import { openBusAdmin } from '@darkroom/infra/testing/studio/bus-admin'
import { startBusCluster } from '@darkroom/infra/testing/studio/bus-cluster'
import { createTestDirectory } from '@darkroom/infra/testing/test-resources'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import { openWorkerEnv } from './worker-env.fixture.ts'

const LIMIT_MS = 90_000

test('the death of the leader of the jobs ends no job and makes no call twice, and jobs that come later are worked on', async () => {
  await using stack = new AsyncDisposableStack()
  const cluster = stack.use(await startBusCluster(stack.use(await createTestDirectory()).path))
  const env = stack.use(await openWorkerEnv({ bus: { url: cluster.urls, replicas: 3 } }))
  const admin = stack.use(await openBusAdmin(cluster.urls))
  env.fake.setBehavior({ delayMs: 1_000 })
  await env.startWorker({ slots: 3, leaseSeconds: 15 })
  const ids = await Promise.all(Array.from({ length: 6 }, () => env.queue({})))
  await env.fake.waitForRequests(log => log.submits.length === 3)
  const leader = await admin.findLeader('jobs')
  await cluster.servers.find(({ name }) => name === leader)?.kill()
  const [first = ''] = ids
  // As the relay does: until it is stored.
  const publish = () =>
    env
      .publishJob(first)
      .then(() => true)
      .catch(() => false)
  await waitFor('A leader', LIMIT_MS, publish, 200)
  ids.push(await env.queue({}))
  const ended = await Promise.all(ids.map(id => env.waitUntilEnded(id)))
  expect(ended.map(({ status }) => status)).toEqual(ids.map(() => 'completed'))
  expect(env.fake.requestLog.submits).toHaveLength(ids.length)
})
