import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { toMicros } from '@darkroom/contracts/price'
import type { Service } from '@darkroom/contracts/routes'
import type { z } from 'zod'
import { selectBaseEnvironment, selectRegistryEnvironment, selectSystemEnvironment } from './base-environment.ts'
import type { BusAccess } from './bus/access.ts'
import { ConfigSchema } from './config-schema.ts'
import { type Part, selectPartEnvironment } from './part-environment.ts'
import { readSecretFiles } from './secret-files.ts'

/** The settings of the studio. */
export type Config = z.infer<typeof ConfigSchema>

/** The configuration of a running service: the addresses and the data directory are known. */
export type ServiceConfig = Config & {
  DATABASE_URL: string
  NATS_URL: string
  DATA_DIR: string
  s3: ReturnType<typeof readS3Settings>
}

/** Setting of the URL of the database for each service. */
export const DATABASE_URL_KEYS = {
  ingest: 'DATABASE_URL_INGEST',
  processor: 'DATABASE_URL_PROCESSOR',
  query: 'DATABASE_URL_QUERY',
} as const satisfies Record<Service, string>

/** Setting of the URL of the bus for each service. */
export const NATS_URL_KEYS = {
  ingest: 'NATS_URL_INGEST',
  processor: 'NATS_URL_PROCESSOR',
  query: 'NATS_URL_QUERY',
} as const satisfies Record<Service, string>

const TEST_ONLY_KEYS = ['FAKE_PROVIDER_URL', 'FAIL_AT'] as const
const S3_REQUIRED_KEYS = ['S3_ENDPOINT', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const

/** The error of wrong settings: one line each, with the key and never its value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/**
 * Reads the settings.
 *
 * @param env the environment; an empty value counts as unset, and a secret may be in a file: `readSecretFiles`
 * @throws ConfigError with each key that is wrong
 */
export function readConfig(env: Record<string, string | undefined> = process.env): Config {
  const problems: string[] = []
  const withSecrets = readSecretFiles(env, (key, sentence) => problems.push(`${key}: ${sentence}`))
  const given = Object.fromEntries(
    Object.entries(withSecrets).filter(([, value]) => value !== undefined && value.trim() !== ''),
  )
  const parsed = ConfigSchema.safeParse(given)
  if (!parsed.success) problems.push(formatIssues(parsed.error))
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems.join('\n'))
  rejectTestKeysInProduction(parsed.data)
  readS3Settings(parsed.data)
  return parsed.data
}

/**
 * Reads the settings of a service, which needs a database, a bus and a data directory.
 *
 * @param service whose own settings take precedence
 * @throws ConfigError like `readConfig`
 */
export function readServiceConfig(
  env: Record<string, string | undefined> | undefined = process.env,
  service?: Service,
): ServiceConfig {
  const config = readConfig(env)
  const DATABASE_URL = (service && config[DATABASE_URL_KEYS[service]]) ?? config.DATABASE_URL
  const NATS_URL = (service && config[NATS_URL_KEYS[service]]) ?? config.NATS_URL
  if (DATABASE_URL === undefined) throw new ConfigError('DATABASE_URL: is needed by a service; `bun start` sets it')
  if (NATS_URL === undefined) throw new ConfigError('NATS_URL: is needed by a service; `bun start` sets it')
  return { ...config, DATABASE_URL, NATS_URL, DATA_DIR: resolveDataDir(config, env), s3: readS3Settings(config) }
}

/** Returns how a service reaches the bus. */
export function readBusAccess(config: Config & { NATS_URL: string }): BusAccess & { replicas: number } {
  const { NATS_URL: url, NATS_CA: ca, NATS_CREDS: creds, NATS_NKEY: nkey, NATS_REPLICAS: replicas } = config
  return { url, ca, creds, nkey, replicas }
}

/** Returns what a process that a service starts is given of the service's environment. */
export function readPartEnvironment(part: Part): Record<string, string> {
  return selectPartEnvironment(part, process.env)
}

/** Returns the data directory. @see https://specifications.freedesktop.org/basedir-spec/latest/ */
export function resolveDataDir(config: Config, env: Record<string, string | undefined> = process.env): string {
  const home = env.XDG_DATA_HOME ?? ''
  return config.DATA_DIR ?? join(isAbsolute(home) ? home : join(homedir(), '.local', 'share'), 'darkroom')
}

/** Returns the Host that requests to the studio have: that of `PUBLIC_URL`, else localhost at the port people open. */
export function getPublicHost({ PUBLIC_URL, PORT }: Pick<Config, 'PUBLIC_URL' | 'PORT'>): string {
  return new URL(PUBLIC_URL ?? `http://localhost:${PORT}`).host
}

/**
 * Returns the environment of a decoder process, which has no setting and no secret. Its C library is given two heaps in all: with one a
 * thread, memory that was freed would stay with the process.
 */
export function readDecoderEnvironment(env: Record<string, string | undefined> = process.env): Record<string, string> {
  return { ...selectSystemEnvironment(env), MALLOC_ARENA_MAX: '2' }
}

/** Returns the environment of a process that installs packages: no setting of the studio, and the registry that the user has configured. */
export function readInstallEnvironment(env: Record<string, string | undefined> = process.env): Record<string, string> {
  return { ...selectBaseEnvironment(env), ...selectRegistryEnvironment(env) }
}

/** Returns the budget of the studio a month, in micro-units of USD; null if it has none. */
export function readBudgetMicros({ BUDGET_USD }: Pick<Config, 'BUDGET_USD'>): number | null {
  return BUDGET_USD === undefined ? null : toMicros(BUDGET_USD)
}

/** Returns the settings of the S3 server; null if objects are stored in `DATA_DIR`. @throws ConfigError with the keys that are missing */
export function readS3Settings(config: Config) {
  const { S3_ENDPOINT: endpoint, S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = config
  if (endpoint && accessKeyId && secretAccessKey) {
    const { S3_REGION: region, S3_BUCKET: bucket, S3_FORCE_PATH_STYLE: forcePathStyle } = config
    return { endpoint, region, bucket, accessKeyId, secretAccessKey, forcePathStyle }
  }
  const missing = S3_REQUIRED_KEYS.filter(key => !config[key])
  if (missing.length === S3_REQUIRED_KEYS.length) return null
  throw new ConfigError(missing.map(key => `${key}: is needed as well to keep pictures in S3`).join('\n'))
}

function rejectTestKeysInProduction(config: Config): void {
  const found = config.NODE_ENV === 'production' ? TEST_ONLY_KEYS.filter(key => config[key] !== undefined) : []
  if (found.length === 0) return
  throw new ConfigError(found.map(key => `${key}: is for tests and refused in production`).join('\n'))
}

function formatIssues(error: z.ZodError): string {
  return error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`).join('\n')
}
