import type { Service } from '@darkroom/contracts/routes'
import {
  AUDIENCE_SUBJECTS,
  BACKFILL_CONSUMER,
  BACKFILL_EVENTS_SUBJECT,
  BACKFILL_SUBJECT,
  CANCEL_SUBJECT,
  CONNECTIONS_SUBJECT,
  GENERATION_SUBJECTS,
  JOB_SUBJECTS,
  LIVE_PREVIEW_SUBJECTS,
  STREAMS,
} from '@darkroom/contracts/subjects'

/**
 * Permissions of each service on the bus. The configurations of the embedded server and of the one in compose are made from this table,
 * and a live test tries each service's user against a real server.
 *
 * A server replies to whatever subject a request names, so no permission prevents that an API response reaches another subject. Every
 * receiver therefore validates each message, and reads the row.
 */

/** Subjects that a user of the bus may publish to and subscribe to. `deny` takes precedence. */
export interface BusPermissions {
  publish: { allow: readonly string[]; deny: readonly string[] }
  subscribe: { allow: readonly string[] }
}

const [JOBS, EVENTS] = [STREAMS.jobs.name, STREAMS.events.name]

/** Subjects of the messages that each service publishes. */
export const PUBLISHED_SUBJECTS: Readonly<Record<Service, readonly string[]>> = {
  ingest: [
    JOB_SUBJECTS,
    CANCEL_SUBJECT,
    BACKFILL_SUBJECT,
    GENERATION_SUBJECTS,
    CONNECTIONS_SUBJECT,
    BACKFILL_EVENTS_SUBJECT,
  ],
  processor: [JOB_SUBJECTS, GENERATION_SUBJECTS, CONNECTIONS_SUBJECT],
  query: [],
}

/** Subjects of core NATS, whose messages no stream stores and no service waits for: what each service publishes there, and reads. */
const TRANSIENT_SUBJECTS: Readonly<Record<Service, Record<'publish' | 'subscribe', readonly string[]>>> = {
  ingest: { publish: [], subscribe: [] },
  processor: { publish: [LIVE_PREVIEW_SUBJECTS], subscribe: [AUDIENCE_SUBJECTS] },
  query: { publish: [AUDIENCE_SUBJECTS], subscribe: [LIVE_PREVIEW_SUBJECTS] },
}

/** Requests of a connection that opens, and of nothing else. */
const CONNECT = ['$JS.API.INFO']
/** Requests of `ensureStreams`, which creates and repairs both streams. */
const REPAIR = [JOBS, EVENTS].flatMap(stream =>
  ['INFO', 'CREATE', 'UPDATE', 'DELETE', 'MSG.GET'].map(operation => `$JS.API.STREAM.${operation}.${stream}`),
)

export const BUS_PERMISSIONS: Readonly<Record<Service, BusPermissions>> = {
  ingest: createPermissions('ingest', [
    ...REPAIR,
    ...durableRequests(JOBS, BACKFILL_CONSUMER, [BACKFILL_SUBJECT]),
    // Of the commands of a backfill, which run as ingest.
    ...consumerRequests(EVENTS, '*', [BACKFILL_EVENTS_SUBJECT]),
  ]),
  processor: createPermissions(
    'processor',
    [
      ...REPAIR,
      ...durableRequests(JOBS, '*', [JOB_SUBJECTS, CANCEL_SUBJECT]),
      ...consumerRequests(EVENTS, '*', [CONNECTIONS_SUBJECT]),
    ],
    durableRequests(JOBS, BACKFILL_CONSUMER, ['>']),
  ),
  query: createPermissions('query', [`$JS.API.STREAM.INFO.${EVENTS}`, ...consumerRequests(EVENTS, '*', [])]),
}

/** Returns the prefix of a service's inboxes. No other service can read a reply that is sent to one of them. */
export function inboxPrefix(service: Service): string {
  return `_INBOX.${service}`
}

/** Returns the subjects that a service may not publish and another one does: its relay leaves their messages to that one. */
export function listForeignSubjects(service: Service): string[] {
  const own = PUBLISHED_SUBJECTS[service]
  return [...new Set(Object.values(PUBLISHED_SUBJECTS).flat())].filter(subject => !own.includes(subject))
}

function createPermissions(service: Service, allow: string[], deny: string[] = []): BusPermissions {
  const transient = TRANSIENT_SUBJECTS[service]
  return {
    publish: { allow: [...CONNECT, ...PUBLISHED_SUBJECTS[service], ...transient.publish, ...allow], deny },
    subscribe: { allow: [`${inboxPrefix(service)}.>`, ...transient.subscribe] },
  }
}

/** @param filters subjects that the consumer may be created for; none: all subjects of the stream at once */
function consumerRequests(stream: string, consumer: string, filters: readonly string[]): string[] {
  const create = `$JS.API.CONSUMER.CREATE.${stream}.${consumer}`
  return [
    ...(filters.length === 0 ? [create] : filters.map(filter => `${create}.${filter}`)),
    ...['INFO', 'DELETE', 'MSG.NEXT'].map(operation => `$JS.API.CONSUMER.${operation}.${stream}.${consumer}`),
  ]
}

/** Returns the requests of a consumer whose deliveries are acknowledged. */
function durableRequests(stream: string, consumer: string, filters: readonly string[]): string[] {
  const stepDown = `$JS.API.CONSUMER.LEADER.STEPDOWN.${stream}.${consumer}`
  return [...consumerRequests(stream, consumer, filters), stepDown, `$JS.ACK.${stream}.${consumer}.>`]
}
