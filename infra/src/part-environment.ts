import type { Service } from '@darkroom/contracts/routes'
import {
  type Environment,
  selectBaseEnvironment,
  selectRegistryEnvironment,
  selectVariables,
} from './base-environment.ts'
import { PROVIDER_SETTINGS } from './provider-settings.ts'
import { fileKey, isSecretKey } from './secret-files.ts'

/** A process that is given settings: a service, or the process of ingest that runs backfills. */
export type Part = Service | 'backfill'

const SERVICES: readonly Part[] = ['ingest', 'processor', 'query']
const ALL: readonly Part[] = [...SERVICES, 'backfill']
const INGEST: readonly Part[] = ['ingest', 'backfill']
const PROCESSOR: readonly Part[] = ['processor']
const QUERY: readonly Part[] = ['query']

/** The parts that read each setting of `ConfigSchema`. A process is given no other one. */
export const SETTING_READERS: Readonly<Record<string, readonly Part[]>> = {
  PORT: SERVICES,
  HOST: SERVICES,
  PUBLIC_URL: SERVICES,
  DATA_DIR: ALL,
  DATABASE_URL: ALL,
  DATABASE_URL_INGEST: INGEST,
  DATABASE_URL_PROCESSOR: PROCESSOR,
  DATABASE_URL_QUERY: QUERY,
  DATABASE_CONNECTIONS: ALL,
  DATABASE_LISTEN_HOST: ALL,
  NATS_URL: ALL,
  NATS_URL_INGEST: INGEST,
  NATS_URL_PROCESSOR: PROCESSOR,
  NATS_URL_QUERY: QUERY,
  NATS_REPLICAS: ['ingest', 'backfill', 'processor'],
  NATS_CA: ALL,
  NATS_CREDS: ALL,
  NATS_NKEY: ALL,
  S3_ENDPOINT: ALL,
  S3_REGION: ALL,
  S3_BUCKET: ALL,
  S3_ACCESS_KEY_ID: ALL,
  S3_SECRET_ACCESS_KEY: ALL,
  S3_FORCE_PATH_STYLE: ALL,
  INTERNAL_API_SECRET: ['ingest'],
  ADMIN_VERIFIER: QUERY,
  GATEWAY_SECRET: ['ingest', 'query'],
  OPERATOR_HOSTS: SERVICES,
  ENCRYPTION_KEY: ['ingest', 'processor'],
  BUDGET_USD: ['ingest', 'query'],
  INGEST_PORT: ['ingest'],
  PROCESSOR_PORT: PROCESSOR,
  QUERY_PORT: QUERY,
  INGEST_URL: QUERY,
  PROCESSOR_URL: QUERY,
  GENERATION_UPLOAD_CONCURRENCY: PROCESSOR,
  REFERENCE_UPLOAD_CONCURRENCY: ['ingest'],
  PROVIDER_CONCURRENCY: ['ingest', 'processor'],
  LEASE_SECONDS: PROCESSOR,
  MAX_PROVIDER_SUBMITS: PROCESSOR,
  GENERATION_MAX_SECONDS: PROCESSOR,
  SHUTDOWN_GRACE_SECONDS: PROCESSOR,
  SHUTDOWN_DELAY_SECONDS: ['ingest', 'query'],
  STOP_TIMEOUT_SECONDS: SERVICES,
  QUEUE_DEPTH: ['ingest'],
  TRASH_DAYS: ['processor', 'query'],
  BODY_MEMORY_MB: SERVICES,
  UPLOAD_MEMORY_MB: PROCESSOR,
  BACKFILL_MEMORY_MB: INGEST,
  IMAGE_MEMORY_MB: ['ingest', 'backfill', 'processor'],
  IMAGE_SLOTS: ['ingest', 'backfill', 'processor'],
  SSE_MAX_STREAMS: QUERY,
  SAFE_GET_ALLOW: ['processor', 'query'],
  FFMPEG_PATH: PROCESSOR,
  ...Object.fromEntries(Object.keys(PROVIDER_SETTINGS).map(key => [key, PROCESSOR])),
  FAKE_PROVIDER_URL: PROCESSOR,
  FAIL_AT: ALL,
  DARKROOM_PARENT_PID: ALL,
  LOG_LEVEL: ALL,
  NODE_ENV: ALL,
}

/** Selects the variables of an environment that a part is given. */
export function selectPartEnvironment(part: Part, env: Environment): Record<string, string> {
  const settings = Object.entries(SETTING_READERS).filter(([, readers]) => readers.includes(part))
  const keys = settings.map(([key]) => key)
  // A secret that the launcher has made, or read itself, takes precedence over the file.
  const files = keys.filter(key => isSecretKey(key) && !env[key]?.trim()).map(fileKey)
  // It installs what upscales on this machine.
  const registry = part === 'processor' ? selectRegistryEnvironment(env) : {}
  // It forwards requests to ingest, as many at once as Bun's `fetch` can have.
  const limits = part === 'query' ? selectVariables(['BUN_CONFIG_MAX_HTTP_REQUESTS'], env) : {}
  return { ...selectBaseEnvironment(env), ...registry, ...limits, ...selectVariables([...keys, ...files], env) }
}
