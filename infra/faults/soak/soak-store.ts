import type { Store } from '../../src/store/store.ts'
import { startProxy, type TcpProxy } from '../../testing/net-proxy.ts'
import { createS3Handler } from '../../testing/s3/s3-handler.ts'
import { s3ErrorResponse } from '../../testing/s3/s3-responses.ts'
import { createS3Env, createTestBucket, TEST_CREDENTIALS } from '../../testing/s3/s3-server.ts'

/** An S3 server that can fail, in this process. */
export interface SoakStore extends AsyncDisposable {
  /** Settings with which a studio stores its objects there. */
  env: Record<string, string>
  /** The same objects, without faults. */
  store: Store
  /** Answers every request of the studio by an error, or forwards it. */
  setRefusing(isRefusing: boolean): void
  /** The network between the studio and the store. */
  proxy: TcpProxy
}

/**
 * Starts the store: a strict S3 server with a bucket, and a second address of it that can fail.
 *
 * @param host address at which the studio reaches it; loopback unless given
 */
export async function startSoakStore(host = '127.0.0.1'): Promise<SoakStore> {
  await using stack = new AsyncDisposableStack()
  const handle = createS3Handler({ credentials: TEST_CREDENTIALS })
  let isRefusing = false
  const serve = (fetch: (request: Request) => Promise<Response>) => {
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      idleTimeout: 0,
      fetch,
      error: () => new Response(null, { status: 500 }),
    })
    stack.defer(() => server.stop(true))
    return server.url
  }
  const direct = serve(handle)
  const faulty = serve(async request => {
    if (!isRefusing) return await handle(request)
    await request.arrayBuffer()
    return s3ErrorResponse(503, 'SlowDown')
  })
  const bucket = await createTestBucket({ ...TEST_CREDENTIALS, endpoint: direct.origin })
  const proxy = stack.use(await startProxy(Number(faulty.port), { proxy: host }))
  const disposables = stack.move()
  return {
    env: createS3Env(bucket.options, `http://${host}:${proxy.port}`),
    store: bucket.store,
    setRefusing: refusing => {
      isRefusing = refusing
    },
    proxy,
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}
