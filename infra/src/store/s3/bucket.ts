import {
  type $Command,
  S3Client,
  type S3ClientResolvedConfig,
  type ServiceInputTypes,
  type ServiceOutputTypes,
} from '@aws-sdk/client-s3'
import { RETRY_POLICIES } from '../../runtime/retry-policies.ts'
import { type RequestLimits, type RequestOptions, retryRequest } from './retry.ts'
import { sendWithFetch } from './transport.ts'

export interface S3Options {
  endpoint: string
  region: string
  bucket: string
  accessKeyId: string
  secretAccessKey: string
  /** Whether the bucket's name is in the path rather than in the host. Most servers but Amazon's need it there. */
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

/** One bucket of a server, and the ways to send requests to it. */
export interface Bucket {
  /** The parameter of every command that names the bucket. */
  params: { Bucket: string }
  limits: RequestLimits
  /**
   * Sends a command once.
   *
   * @throws what the SDK throws, or the signal's reason
   */
  send<I extends ServiceInputTypes, O extends ServiceOutputTypes>(
    command: Command<I, O>,
    signal: AbortSignal,
  ): Promise<O>
  /** Runs one or more requests with retries, as `retryRequest` does. */
  retry<T>(attempt: (signal: AbortSignal) => Promise<T>, options?: RequestOptions): Promise<T>
  /** Sends a command with retries, as `retryRequest` does. */
  sendWithRetry<I extends ServiceInputTypes, O extends ServiceOutputTypes>(
    command: Command<I, O>,
    options?: RequestOptions,
  ): Promise<O>
}

const DEFAULT_LIMITS: RequestLimits = {
  retryPolicy: RETRY_POLICIES.storeRequest,
  tryTimeoutMs: 15_000,
  minBytesPerMs: 128,
  idleTimeoutMs: 15_000,
}

/** Silences the SDK, which warns on the console about each stream that it cannot resend; failures are thrown anyway. */
const SILENT_LOGGER = { trace: noop, debug: noop, info: noop, warn: noop, error: noop }

export function openBucket(options: S3Options): Bucket {
  const client = createClient(options)
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const send: Bucket['send'] = async (command, signal) => await client.send(command, { abortSignal: signal })
  const retryWithLimits: Bucket['retry'] = async (attempt, options) =>
    await retryRequest(attempt, { ...limits, ...options })
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
    // With the defaults many servers store the framing of a checksummed stream as part of the object, and answer 200.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // `sendWithFetch` sends the body without waiting for a 100 response.
    expectContinueHeader: false,
    // `retryRequest` retries instead: only it knows that a put with status 200 may have failed, and how long a try may take.
    maxAttempts: 1,
    // The machine's own AWS settings are meant for other servers.
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
    logger: SILENT_LOGGER,
    requestHandler: { handle: sendWithFetch, metadata: { handlerProtocol: 'http/1.1' } },
  })
}

function noop(): void {}
