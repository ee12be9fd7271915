import { LIMITS } from '@darkroom/contracts/limits'
import { z } from 'zod'
import { isBusUrlList } from './bus/bus-urls.ts'
import { splitAddresses } from './http/addresses.ts'
import { ADMIN_VERIFIER_PATTERN } from './http/admin-verifier.ts'
import { PROVIDER_SETTINGS } from './provider-settings.ts'
import { FAILPOINT_ACTIONS, FAILPOINTS } from './runtime/failpoint.ts'

const wholeNumber = z.coerce.number().int()
const port = wholeNumber.min(1).max(65_535)
const databaseUrl = z.url({ protocol: /^postgres(ql)?$/ }).optional()
const natsUrl = z.string().refine(isBusUrlList, 'is no list of nats:// or tls:// addresses, by commas').optional()
const httpUrls = z
  .string()
  .refine(
    text => splitAddresses(text).every(item => /^https?:\/\/[^/]/.test(item) && URL.canParse(item)),
    'is no list of http:// addresses',
  )
  .optional()
const list = z.string().transform(text => text.split(/[\s,]+/).filter(item => item !== ''))

/**
 * Every setting of the studio, with its description. This is the only file that reads the environment. The table of the README and
 * `.env.example` are generated from it.
 */
export const ConfigSchema = z.object({
  PORT: port.default(3000).describe('Port people open. `bun start` takes the next free one if it is taken.'),
  HOST: z.string().default('127.0.0.1').describe('Address that the gateway and the services listen on.'),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'Address people use, if it is not localhost. Requests for any other Host or from any other Origin are refused.',
    ),
  DATA_DIR: z
    .string()
    .optional()
    .describe('Where everything is kept. Unset: `$XDG_DATA_HOME/darkroom`, else `~/.local/share/darkroom`.'),
  DATABASE_URL: databaseUrl.describe(
    'Postgres to use instead of the embedded one, for the owner of the tables. The services get roles of their own.',
  ),
  DATABASE_URL_INGEST: databaseUrl.describe('The same database for ingest, where a role of yours is to be used.'),
  DATABASE_URL_PROCESSOR: databaseUrl.describe('The same for the processor.'),
  DATABASE_URL_QUERY: databaseUrl.describe('The same for query, which only reads.'),
  DATABASE_CONNECTIONS: wholeNumber
    .min(2)
    .max(500)
    .default(10)
    .describe('Connections that a service opens to the database at most, besides up to six for single purposes.'),
  DATABASE_LISTEN_HOST: z
    .string()
    .regex(/^[^\s/@]+:\d{1,5}$/, 'is no host and port')
    .optional()
    .describe(
      'Host and port of the database itself, where `DATABASE_URL` is a pooler in transaction mode: notifications need a session of their own. Unset: such a studio polls.',
    ),
  NATS_URL: natsUrl.describe(
    'NATS with JetStream to use instead of the embedded one. The servers of a cluster by commas.',
  ),
  NATS_URL_INGEST: natsUrl.describe('The same with the user of ingest, who may do only what that needs.'),
  NATS_URL_PROCESSOR: natsUrl.describe('The same for the processor.'),
  NATS_URL_QUERY: natsUrl.describe('The same for query.'),
  NATS_REPLICAS: wholeNumber
    .refine(replicas => [1, 3, 5].includes(replicas), 'is 1, 3 or 5')
    .default(1)
    .describe(
      'Servers of a NATS cluster that each stream is stored on: 1, 3 or 5. Streams that have fewer are raised.',
    ),
  NATS_CA: z
    .string()
    .includes('-----BEGIN CERTIFICATE-----', { message: 'is no certificate in PEM' })
    .optional()
    .describe("Certificate of the authority that signs the NATS servers', in PEM. Unset: those of the system."),
  NATS_CREDS: z
    .string()
    .includes('-----BEGIN USER NKEY SEED-----', { message: 'is not the text of a .creds file' })
    .optional()
    .describe('Credentials of a user of a NATS account, as `nsc` writes them to a `.creds` file.'),
  NATS_NKEY: z
    .string()
    .regex(/^SU[A-Z2-7]{56}$/, 'is no seed of a user')
    .optional()
    .describe('Seed of an nkey, by which NATS knows the services instead of a password.'),
  S3_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Server that speaks S3, to keep pictures there instead of in `DATA_DIR`. Needs both S3 keys.'),
  S3_REGION: z.string().default('us-east-1').describe('Region that S3 requests are signed for.'),
  S3_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'is no name of a bucket')
    .default('darkroom')
    .describe('Bucket that pictures are kept in. It must exist.'),
  S3_ACCESS_KEY_ID: z.string().optional().describe('Who asks the S3 server.'),
  S3_SECRET_ACCESS_KEY: z.string().optional().describe('What S3 requests are signed with.'),
  S3_FORCE_PATH_STYLE: z
    .stringbool()
    .default(true)
    .describe('The bucket is named in the path, as most S3 servers want it. `false`: in the host.'),
  INTERNAL_API_SECRET: z
    .string()
    .min(32, 'needs at least 32 characters')
    .optional()
    .describe('Secret for administrative calls. Unset: `bun start` makes one and keeps it in the data directory.'),
  ADMIN_VERIFIER: z
    .string()
    .regex(ADMIN_VERIFIER_PATTERN, 'is not what `bun run admin-verifier` prints')
    .optional()
    .describe('What query recognizes that secret by, without being given it. `bun start` sets it.'),
  ENCRYPTION_KEY: z
    .string()
    .regex(/^([0-9a-fA-F]{64}|[A-Za-z0-9+/_-]{43}=?)$/, 'is not 32 bytes in hex or base64')
    .optional()
    .describe(
      'What keys of providers are encrypted with: 32 bytes, as `openssl rand -hex 32` makes them. Unset: a file in the data directory. Several hosts need it.',
    ),
  BUDGET_USD: z.coerce
    .number()
    .min(0)
    .max(1_000_000_000)
    .optional()
    .describe('Most that models may cost in a month (UTC), in US dollars. What would go beyond it is refused.'),
  INGEST_PORT: port.optional().describe('Port of the ingest service. Unset: any free one.'),
  PROCESSOR_PORT: port.optional().describe('Port of the processor, for health and metrics. Unset: any free one.'),
  QUERY_PORT: port.optional().describe('Port of the query service. Unset: any free one.'),
  OPERATOR_HOSTS: list
    .default([])
    .describe(
      "Hosts besides the studio's own by which health and metrics may be requested at the ports of the services, as `ingest:8080`, by commas.",
    ),
  GATEWAY_SECRET: z
    .string()
    .regex(/^[!-~]{16,500}$/, 'needs 16 characters without a blank')
    .optional()
    .describe(
      'What the gateway shows the services, so that they believe it from which address a request comes. `bun start` makes one at each start.',
    ),
  INGEST_URL: httpUrls.describe(
    'Address of ingest, for query to see whether it is there; of several by commas, one of which is enough. Unset: it counts as there. `bun start` sets it.',
  ),
  PROCESSOR_URL: httpUrls.describe('Address of the processors, for the same. `bun start` sets it.'),
  GENERATION_UPLOAD_CONCURRENCY: wholeNumber
    .min(1)
    .max(64)
    .default(3)
    .describe('Outputs of one generation that are uploaded at once.'),
  REFERENCE_UPLOAD_CONCURRENCY: wholeNumber
    .min(1)
    .max(64)
    .default(3)
    .describe('Reference images of one request that are checked and stored at once.'),
  PROVIDER_CONCURRENCY: wholeNumber.min(1).max(256).default(2).describe('Generations worked on at once, a provider.'),
  LEASE_SECONDS: wholeNumber
    .min(1)
    .max(600)
    .default(30)
    .describe('How long a worker that has fallen silent keeps its generation.'),
  MAX_PROVIDER_SUBMITS: wholeNumber
    .min(1)
    .max(5)
    .default(1)
    .describe(
      'Times that an output may be asked for by itself where nobody knows whether the provider took it. Above 1 it may be billed as often.',
    ),
  GENERATION_MAX_SECONDS: wholeNumber
    .min(1)
    .max(86_400)
    .default(720)
    .describe('Longest active work on one generation before it is failed.'),
  SHUTDOWN_GRACE_SECONDS: wholeNumber
    .min(0)
    .max(600)
    .default(5)
    .describe('How long active work may go on after a stop was asked for, before it is handed back.'),
  SHUTDOWN_DELAY_SECONDS: wholeNumber
    .min(0)
    .max(60)
    .default(0)
    .describe(
      'How long ingest and query answer requests after a stop was asked for, while they say that they are not ready: time for the proxies before them.',
    ),
  STOP_TIMEOUT_SECONDS: wholeNumber
    .min(1)
    .max(90_000)
    .optional()
    .describe(
      'How long whatever runs a service waits for it to stop before it kills it. Compose and Kubernetes set it from the same number that they wait by; a service that may need longer says so when it starts.',
    ),
  QUEUE_DEPTH: wholeNumber
    .min(1)
    .max(100_000)
    .default(500)
    .describe('Unfinished generations that a workspace may have. Beyond it: 429 and Retry-After.'),
  TRASH_DAYS: wholeNumber
    .min(0)
    .max(36_500)
    .default(LIMITS.trashDays)
    .describe('How long a deleted generation can be restored. After that it is gone, and its pictures with it.'),
  BODY_MEMORY_MB: wholeNumber
    .min(64)
    .max(65_536)
    .default(384)
    .describe(
      'Request bodies held in memory at once, all together; what is done with them takes about as much again. Beyond it: 503 and Retry-After.',
    ),
  UPLOAD_MEMORY_MB: wholeNumber
    .min(16)
    .max(65_536)
    .default(64)
    .describe('Outputs held in memory at once while they are stored, all together. Large ones go through files.'),
  BACKFILL_MEMORY_MB: wholeNumber
    .min(16)
    .max(65_536)
    .default(128)
    .describe('Old pictures that a backfill holds in memory at once; what it takes to check them is as much again.'),
  IMAGE_MEMORY_MB: wholeNumber
    .min(64)
    .max(65_536)
    .default(512)
    .describe(
      'Memory for the pictures that a service decodes at once, in processes of their own. A picture that needs more is decoded alone.',
    ),
  IMAGE_SLOTS: wholeNumber
    .min(1)
    .max(64)
    .optional()
    .describe('Pictures that a service decodes at once. Unset: one a core, at most 4.'),
  SSE_MAX_STREAMS: wholeNumber.min(1).default(64).describe('Live event streams open at once, a workspace.'),
  SAFE_GET_ALLOW: list
    .default([])
    .describe('Origins on private addresses that provider outputs may come from, as `http://host:port`, by commas.'),
  FFMPEG_PATH: z
    .string()
    .default('ffmpeg')
    .describe(
      'Program that reads the first frame of a video, for its poster: a path, or a name on the PATH. `off`: none. Without it a video has the poster of its provider, else its first-frame image, else none.',
    ),
  ...PROVIDER_SETTINGS,
  FAKE_PROVIDER_URL: z.url().optional().describe("The tests' provider. Refused in production."),
  FAIL_AT: z
    .string()
    .regex(new RegExp(`^(${FAILPOINTS.join('|')}):(${FAILPOINT_ACTIONS.join('|')})$`), 'is no place and way to fail')
    .optional()
    .describe('Where a service fails on purpose, as `after-submit:kill`, for tests. Refused in production.'),
  DARKROOM_PARENT_PID: wholeNumber
    .optional()
    .describe('Process that a service stops with. Set by `bun start`; not for people.'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('Least severe log line that is written.'),
  NODE_ENV: z
    .enum(['production', 'development', 'test'])
    .default('production')
    .describe('`production`, `development` or `test`.'),
})
