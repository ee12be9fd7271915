import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { hostname } from 'node:os'
import { performance } from 'node:perf_hooks'
import { GenerationPage } from '@darkroom/contracts/generation'
import { checkInvariants } from '../../testing/invariants/check-invariants.ts'
import { checkObjects } from '../../testing/invariants/check-objects.ts'
import { checkQuiet } from '../../testing/invariants/check-quiet.ts'
import { waitFor } from '../../testing/wait-for.ts'
import { createImageDraft } from '../chaos/load.ts'
import { type Lab, startLab } from './lab.ts'
import { listServices, waitUntilStoreIsAway } from './lab-services.ts'
import { runScenario, type ScenarioReport } from './scenario.ts'

/**
 * A studio on several hosts, under load, while hosts, links, servers of the bus, the pooler, the store and the database fail. The numbers
 * are those of what once did not hold.
 */

const LIMIT_MS = 180_000
const MAX_WAIT_MS = 5_000
const MAX_SILENCE_MS = 8_000
/**
 * Silence while a leader is cut off: the others wait for 4 to 9 s, at random, before they elect another one, and once more after a draw.
 * Measured: 1.6 to 10.8 s, and 14.4 s on one core with pauses of some seconds.
 * @see nats-server 2.9, server/raft.go, minElectionTimeout and maxElectionTimeout
 */
const MAX_ELECTION_SILENCE_MS = 18_000
/** Longer than that: the events go on during the cut, and not because it ends. */
const CUT_MS = 20_000

let lab: Lab
/** The slowest submission without a fault: what a fault costs comes on top of what a busy machine takes. */
let usualMs = 0

beforeAll(async () => {
  lab = await startLab()
  // Until both queries follow the events.
  usualMs = (await runScenario(lab, { name: 'before all' }, async () => {})).slowestMs
})
afterEach(() => lab.restore())
afterAll(() => lab[Symbol.asyncDispose]())

test('S1: the pooler is killed twice: no prompt is submitted twice', async () => {
  const report = await runScenario(lab, { name: 'pooler' }, async () => {
    for (let kills = 0; kills < 2; kills++) {
      await Bun.sleep(2_000)
      await lab.pooler.kill()
      await Bun.sleep(500)
      await lab.pooler.start()
    }
  })
  expectPromises(report)
})

test('S2: the server that leads the stream of events dies: live events go on without it', async () => {
  const report = await runScenario(lab, { name: 'leader' }, async () => {
    await (await findLeader('events')).kill()
    await Bun.sleep(8_000)
  })
  expectPromises(report)
})

test('S3: the server that leads the stream of jobs dies: prompts are worked on without it', async () => {
  const report = await runScenario(lab, { name: 'jobs' }, async () => {
    await (await findLeader('jobs')).kill()
    await expectWork('without a server')
  })
  expectPromises(report)
})

test('S2, S11: the leader of the events is cut off from the others, and not from the services', async () => {
  const before = await readEpoch()
  const report = await runScenario(lab, { name: 'routes' }, async () => {
    const leader = findBusHost((await findLeader('events')).name)
    for (const other of lab.busHosts) if (other !== leader) await lab.network.cut(leader, other)
    await Bun.sleep(CUT_MS)
  })
  expectPromises(report, MAX_ELECTION_SILENCE_MS)
  expect(await readEpoch()).toEqual(before)
})

test('S2, S7: a host cannot reach the server of the bus that it uses: it finds another one', async () => {
  const report = await runScenario(lab, { name: 'link' }, async () => {
    const { host, query } = lab.sets[0]
    const peers = await lab.network.listPeers(host, query.pid)
    const used = lab.busHosts.filter(({ address }) => peers.includes(address))
    expect(used).toHaveLength(1)
    for (const busHost of used) await lab.network.cut(host, busHost)
    await Bun.sleep(12_000)
  })
  expectPromises(report)
})

test('S4: a processor that serves no provider takes no model away, when it starts and when it stops', async () => {
  const before = await listModels()
  const report = await runScenario(lab, { name: 'catalogue' }, async () => {
    const other = await lab.startProcessor({ FAKE_PROVIDER_URL: '' }, 3_202)
    expect(await listModels()).toEqual(before)
    await other[Symbol.asyncDispose]()
    expect(await listModels()).toEqual(before)
  })
  expectPromises(report)
  expect(await listModels()).toEqual(before)
})

test('S5: a host is lost: no submission waits longer than five seconds', async () => {
  const report = await runScenario(lab, { name: 'host' }, async () => {
    await Bun.sleep(1_000)
    await lab.network.isolate(lab.sets[1].host)
    await Bun.sleep(8_000)
  })
  expect(report.slowestMs).toBeLessThan(MAX_WAIT_MS + usualMs)
  // Those of the lost host hear nothing, and open their streams anew after 30 s.
  expect(report.leastSilenceMs).toBeLessThan(MAX_SILENCE_MS)
  expectNothingLost(report)
})

test('S5: all services are replaced one after the other: no request fails', async () => {
  const report = await runScenario(lab, { name: 'rolling', intervalMs: 500 }, async () => {
    for (const service of listServices(lab.sets)) await service.restart()
  })
  expect([report.failures, report.failedReads]).toEqual([[], []])
  expect(report.slowestMs).toBeLessThan(MAX_WAIT_MS + usualMs)
  expectPromises(report)
})

test('S6: the store is away: prompts are taken, the list is read, an image is refused within five seconds', async () => {
  const [output] = (await readList()).generations.flatMap(({ outputs }) => outputs.flatMap(({ url }) => url ?? []))
  const report = await runScenario(lab, { name: 'store' }, async () => {
    lab.objects.proxy.setFault({ kind: 'black-hole' })
    const { status, milliseconds } = await request(output ?? '')
    expect([status, milliseconds < MAX_WAIT_MS + usualMs]).toEqual([503, true])
    expect((await request('/api/generations')).status).toBe(200)
    // A service says for some seconds what it saw last: before that it is ready, whatever happened.
    for (const { ingest, query } of lab.sets) for (const service of [ingest, query]) await waitUntilStoreIsAway(service)
  })
  expect([report.failures, report.failedReads]).toEqual([[], []])
  expectPromises(report)
})

test('S9: a service that waits for a database says why', async () => {
  const report = await runScenario(lab, { name: 'refusing' }, async () => {
    const { query } = lab.sets[1]
    // Earlier scenarios have killed the pooler, too.
    const linesBefore = lab.logLines.length
    await lab.pooler.kill()
    query.signal('SIGKILL')
    await waitFor('a line in the log', 60_000, async () =>
      lab.logLines
        .slice(linesBefore)
        .some(line => line.includes('database_unreachable') && line.includes('ECONNREFUSED')),
    )
    await lab.pooler.start()
    await query.waitUntilReady()
  })
  expectPromises(report)
})

test('S10: a database that swallows packets costs a request five seconds, and the next one works', async () => {
  const report = await runScenario(lab, { name: 'swallowed' }, async () => {
    lab.databaseProxy.setFault({ kind: 'black-hole' })
    const answers = await Promise.all([request('/api/generations'), request('/api/generations'), submitOnce()])
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503])
    for (const { milliseconds } of answers) expect(milliseconds).toBeLessThan(MAX_WAIT_MS + 500 + usualMs)
    lab.databaseProxy.setFault({ kind: 'none' })
    expect((await request('/api/generations')).status).toBe(200)
  })
  expectPromises(report)
})

test('S12: owners of leases, logs and metrics name their hosts', async () => {
  await lab.fake.setBehavior({ delayMs: 2_000 })
  const submitted = Array.from({ length: 16 }, (_, at) =>
    lab.client.submit(createImageDraft(`owned ${at}`, { numOutputs: 1 })),
  )
  await Promise.all(submitted)
  const readOwners = async () => {
    const rows = await lab.sql<{ owner: string }[]>`
        select distinct lease_owner as owner from generation_jobs where lease_owner is not null`
    return ['host-1', 'host-2'].every(host => rows.some(({ owner }) => owner.includes(host)))
  }
  await waitFor('leases of both hosts', LIMIT_MS, readOwners, 20)
  const metrics = await (await fetch(`${lab.sets[1].query.url}/metrics`)).text()
  expect(metrics).toContain('host="host-2"')
  expect(lab.logLines.some(line => line.includes('"host":"host-1"'))).toBe(true)
  expect(lab.logLines.some(line => line.includes(`"host":"${hostname()}"`))).toBe(false)
})

test('S8: afterwards every promise is kept, and an idle studio starts no process', async () => {
  expect(await checkInvariants(lab)).toEqual([])
  expect((await checkObjects(lab)).violations).toEqual([])
  expect(await checkQuiet(lab)).toEqual([])
})

/** Expects what holds in every scenario: nothing lost, nothing submitted twice, no event missing or doubled, no long silence. */
function expectPromises(report: ScenarioReport, maxSilenceMs = MAX_SILENCE_MS): void {
  expectNothingLost(report)
  expect(report.silenceMs).toBeLessThan(maxSilenceMs)
}

function expectNothingLost(report: ScenarioReport): void {
  expect(report.violations).toEqual([])
  expect(report.statuses).toEqual({ completed: report.ids.length })
  expect(report.submits).toBe(report.ids.length)
}

async function findLeader(stream: 'events' | 'jobs') {
  const name = await lab.busAdmin.findLeader(stream)
  const leader = lab.bus.servers.find(server => server.name === name)
  if (!leader) throw new Error(`the stream of ${stream} has no leader`)
  return leader
}

function findBusHost(name: string) {
  const host = lab.busHosts.find(each => each.name === name)
  if (!host) throw new Error(`there is no host ${name}`)
  return host
}

async function expectWork(prompt: string): Promise<void> {
  const { id } = await lab.client.submit(createImageDraft(prompt, { numOutputs: 1 }))
  const ended = await lab.client.waitForGeneration(id, ({ status }) => status === 'completed')
  expect(ended.outputs).toHaveLength(1)
}

async function readEpoch(): Promise<{ stream: string; epoch: number }[]> {
  return await lab.sql`select stream, epoch from bus_epoch order by 1`
}

async function listModels(): Promise<string[]> {
  const models = (await (await lab.client.fetch('/api/models')).json()) as { id: string }[]
  return models.map(({ id }) => id).toSorted()
}

async function readList(): Promise<GenerationPage> {
  return GenerationPage.parse(await (await lab.client.fetch('/api/generations')).json())
}

async function request(path: string): Promise<{ status: number; milliseconds: number }> {
  const startedAt = performance.now()
  const response = await lab.client.fetch(path)
  await response.arrayBuffer()
  return { status: response.status, milliseconds: performance.now() - startedAt }
}

async function submitOnce(): Promise<{ status: number; milliseconds: number }> {
  const submission = lab.client.log.addSubmission(createImageDraft('sent to a silent database', { numOutputs: 1 }))
  const startedAt = performance.now()
  const status = await lab.client.trySubmit(submission)
  return { status, milliseconds: performance.now() - startedAt }
}
