import {
  type $Command,
  S3Client,
  type S3ClientResolvedConfig,
  type ServiceInputTypes,
  type ServiceOutputTypes,
} from '@aws-sdk/client-s3'
import { type RequestLimits, type RequestOptions, retry } from './retry.ts'
import { sendWithFetch } from './transport.ts'

export interface S3Options {
  endpoint: string
  region: string
  bucket: string
  accessKeyId: string
  secretAccessKey: string
  /** The bucket's name in the path, as most servers but Amazon's want it, rather than in the host. */
  forcePathStyle: boolean
  limits?: Partial<RequestLimits>
}

type Command<I extends ServiceInputTypes, O extends ServiceOutputTypes> = $Command<
  I,
  O,
  S3ClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes
>

/** One bucket, and the ways to ask its server for something. */
export interface Bucket {
  /** What says in a command which bucket is meant. */
  params: { Bucket: string }
  limits: RequestLimits
  /** Asks once. @throws what the SDK throws, or the signal's reason */
  send<I extends ServiceInputTypes, O extends ServiceOutputTypes>(
    command: Command<I, O>,
    signal: AbortSignal,
  ): Promise<O>
  /** Does what may be several requests until it works, as `insist` says. */
  retry<T>(attempt: (signal: AbortSignal) => Promise<T>, options?: RequestOptions): Promise<T>
  /** Asks until there is an answer, likewise. */
  sendWithRetry<I extends ServiceInputTypes, O extends ServiceOutputTypes>(
    command: Command<I, O>,
    options?: RequestOptions,
  ): Promise<O>
}

const DEFAULT_LIMITS: RequestLimits = {
  tries: 4,
  tryTimeoutMs: 15_000,
  minBytesPerMs: 128,
  idleTimeoutMs: 15_000,
  backoffOptions: { base: 100, most: 5_000 },
}

const SILENT_LOGGER = { trace: noop, debug: noop, info: noop, warn: noop, error: noop }

export function openBucket(options: S3Options): Bucket {
  const client = createClient(options)
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const send: Bucket['send'] = async (command, signal) => await client.send(command, { abortSignal: signal })
  const retryWithLimits: Bucket['retry'] = async (attempt, options) => await retry(attempt, { ...limits, ...options })
  return {
    params: { Bucket: options.bucket },
    limits,
    send,
    retry: retryWithLimits,
    sendWithRetry: async (command, options) => await retryWithLimits(signal => send(command, signal), options),
  }
}

function createClient(options: S3Options): S3Client {
  const { endpoint, region, forcePathStyle, accessKeyId, secretAccessKey } = options
  return new S3Client({
    endpoint,
    region,
    forcePathStyle,
    credentials: { accessKeyId, secretAccessKey },
    // Many servers store the framing of a checksummed stream as if it were the object, and answer 200.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Nobody here waits for the answer to it.
    expectContinueHeader: false,
    // We try again ourselves: only we know that an answer of 200 may still be no success, and what a try may cost.
    maxAttempts: 1,
    // What the machine's own AWS settings say is meant for other servers.
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
    logger: SILENT_LOGGER,
    requestHandler: { handle: sendWithFetch, metadata: { handlerProtocol: 'http/1.1' } },
  })
}

/** The SDK tells the console of each stream that it cannot send again; what fails here is thrown. */
function noop(): void {}
