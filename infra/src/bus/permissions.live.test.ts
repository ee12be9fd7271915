import { afterAll, beforeAll, expect, test } from 'bun:test'
import { SERVICES, type Service } from '@darkroom/contracts/routes'
import { connect, type NatsConnection } from 'nats'
import { startTestNats } from '../../testing/test-resources.ts'
import { inboxPrefix } from './permissions.ts'

/** Requests that each service's user is refused by a real server. That it is granted what it needs is tested wherever a service runs. */

const WAIT_MS = 60_000
const stack = new AsyncDisposableStack()
const connections = new Map<string, NatsConnection>()

beforeAll(async () => {
  const nats = stack.use(await startTestNats())
  for (const [user, url] of Object.entries(nats.urls)) connections.set(user, await open(user, url))
  const { streams } = await connectionOf('admin').jetstreamManager()
  await streams.add({ name: 'JOBS', subjects: ['jobs.>'] })
  await streams.add({ name: 'EVENTS', subjects: ['events.>'] })
  await streams.add({ name: 'OTHER', subjects: ['other.>'] })
})
afterAll(() => stack.disposeAsync())

const MESSAGES = {
  ingest: ['jobs.generate.demo', 'jobs.cancel', 'jobs.backfill', 'events.local.generation', 'events.connections'],
  processor: ['jobs.generate.demo', 'events.local.generation', 'events.connections'],
  query: [],
} as const satisfies Record<Service, string[]>
const EVERY_SUBJECT = [
  ...MESSAGES.ingest,
  'events.backfill',
  'jobs.other',
  'events.local.other',
  'other.x',
  'x',
  '>',
  'previews.local',
  'previews.local.x',
  'watch.local',
  'watch.local.x',
]
const OWN_ALSO: Record<string, string[]> = {
  ingest: ['events.backfill'],
  processor: ['previews.local'],
  query: ['watch.local'],
}
const READ_ALSO: Record<string, string[]> = { processor: ['watch.*'], query: ['previews.*'] }

test.each(SERVICES)('%s publishes its own subjects and no others', async service => {
  const granted = []
  for (const subject of EVERY_SUBJECT) if (!(await isRefused(service, subject))) granted.push(subject)
  expect(granted.toSorted()).toEqual([...MESSAGES[service], ...(OWN_ALSO[service] ?? [])].toSorted())
})

test.each(SERVICES)(
  '%s subscribes to its own inboxes, to what it reads of core NATS, and to nothing else',
  async service => {
    const others = ['admin', ...SERVICES].filter(other => other !== service).map(other => `_INBOX.${other}.>`)
    const subjects = [
      `${inboxPrefix(service)}.>`,
      ...others,
      '_INBOX.>',
      '_INBOX.*',
      '>',
      'jobs.>',
      'events.>',
      '$JS.>',
      '$SYS.>',
      'watch.*',
      'previews.*',
    ]
    const granted = []
    for (const subject of subjects) if (await isSubscribed(service, subject)) granted.push(subject)
    expect(granted).toEqual([`${inboxPrefix(service)}.>`, ...(READ_ALSO[service] ?? [])])
  },
)

const REFUSED: Record<Service, string[]> = {
  ingest: [
    'STREAM.DELETE.OTHER',
    'STREAM.PURGE.JOBS',
    'STREAM.NAMES',
    'STREAM.MSG.DELETE.JOBS',
    'DIRECT.GET.EVENTS',
    'CONSUMER.CREATE.JOBS.lane-demo.jobs.generate.demo',
    'CONSUMER.CREATE.JOBS.x',
    'CONSUMER.CREATE.JOBS',
    'CONSUMER.DURABLE.CREATE.JOBS.backfill',
    'CONSUMER.MSG.NEXT.JOBS.lane-demo',
    'CONSUMER.DELETE.JOBS.lane-demo',
    'CONSUMER.LEADER.STEPDOWN.JOBS.lane-demo',
    'CONSUMER.CREATE.EVENTS.x',
    'CONSUMER.CREATE.EVENTS.x.events.local.generation',
  ],
  processor: [
    'STREAM.DELETE.OTHER',
    'STREAM.PURGE.EVENTS',
    'STREAM.LIST',
    'CONSUMER.CREATE.JOBS.backfill.jobs.backfill',
    'CONSUMER.CREATE.JOBS.x.jobs.backfill',
    'CONSUMER.CREATE.JOBS.backfill.jobs.generate.demo',
    'CONSUMER.CREATE.JOBS.x',
    'CONSUMER.MSG.NEXT.JOBS.backfill',
    'CONSUMER.DELETE.JOBS.backfill',
    'CONSUMER.LEADER.STEPDOWN.JOBS.backfill',
    'STREAM.LEADER.STEPDOWN.JOBS',
    'CONSUMER.CREATE.EVENTS.x.events.local.generation',
  ],
  query: [
    'STREAM.CREATE.EVENTS',
    'STREAM.UPDATE.EVENTS',
    'STREAM.DELETE.EVENTS',
    'STREAM.DELETE.JOBS',
    'STREAM.PURGE.EVENTS',
    'STREAM.MSG.GET.EVENTS',
    'STREAM.MSG.DELETE.EVENTS',
    'STREAM.INFO.JOBS',
    'CONSUMER.CREATE.JOBS.x',
    'CONSUMER.CREATE.JOBS.x.jobs.cancel',
    'CONSUMER.MSG.NEXT.JOBS.lane-demo',
    'CONSUMER.DELETE.JOBS.lane-demo',
    'CONSUMER.LEADER.STEPDOWN.JOBS.lane-demo',
  ],
}

test.each(SERVICES)('%s makes no other request to JetStream', async service => {
  const granted = []
  for (const subject of REFUSED[service]) {
    if (!(await isRefused(service, `$JS.API.${subject}`))) granted.push(subject)
  }
  expect(granted).toEqual([])
  const { streams } = await connectionOf('admin').jetstreamManager()
  expect(await streams.info('OTHER')).toMatchObject({ config: { name: 'OTHER' } })
})

test('no service acknowledges the deliveries of another', async () => {
  expect(await isRefused('processor', '$JS.ACK.JOBS.backfill.1.1.1.1.0')).toBe(true)
  expect(await isRefused('ingest', '$JS.ACK.JOBS.lane-demo.1.1.1.1.0')).toBe(true)
  expect(await isRefused('query', '$JS.ACK.JOBS.lane-demo.1.1.1.1.0')).toBe(true)
})

test('a consumer reads only the subject that its request names', async () => {
  const config = { name: 'x', ack_policy: 'none', deliver_policy: 'all', filter_subject: 'events.>' }
  const body = JSON.stringify({ stream_name: 'EVENTS', config })
  const subject = '$JS.API.CONSUMER.CREATE.EVENTS.x.events.connections'
  const reply = await connectionOf('processor').request(subject, body, { timeout: WAIT_MS })
  expect(reply.string()).toContain('did not match')
})

async function open(user: string, url: string): Promise<NatsConnection> {
  const { host, password } = new URL(url)
  const own = user === 'admin' ? {} : { inboxPrefix: `_INBOX.${user}` }
  const connection = await connect({ servers: host, user, pass: password, reconnect: false, ...own })
  stack.defer(() => connection.close())
  return connection
}

function connectionOf(user: string): NatsConnection {
  const connection = connections.get(user)
  if (!connection) throw new Error(`no connection as ${user}`)
  return connection
}

/** Publishes to a subject, with an inbox for the reply. @returns whether the server refuses it */
async function isRefused(user: string, subject: string): Promise<boolean> {
  const connection = connectionOf(user)
  let refusals = 0
  connection.request(subject, '{}', { timeout: WAIT_MS }).catch((error: Error) => {
    if (error.message.includes('Permissions Violation')) refusals += 1
  })
  // The server answers a ping after it has answered the request, and the rejection takes a few turns.
  await connection.flush()
  await Bun.sleep(0)
  return refusals > 0
}

async function isSubscribed(user: string, subject: string): Promise<boolean> {
  const connection = connectionOf(user)
  const refused = Promise.withResolvers<boolean>()
  const subscription = connection.subscribe(subject, { callback: error => error && refused.resolve(true) })
  // The server answers a ping after it has answered the subscription.
  await connection.flush()
  const answer = await Promise.race([refused.promise, Promise.resolve(false)])
  subscription.unsubscribe()
  return !answer
}
