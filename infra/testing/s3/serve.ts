import { s3ErrorResponse } from './s3-responses.ts'

/**
 * Serves HTTP on loopback and writes the address as a line to standard output: the main part of a script that runs a store in a
 * process of its own.
 *
 * @param port any free one unless given
 */
export function serveStore(fetch: (request: Request) => Response | Promise<Response>, port = 0): void {
  const server = Bun.serve({
    port,
    hostname: '127.0.0.1',
    maxRequestBodySize: 1024 ** 3,
    fetch,
    error: () => s3ErrorResponse(500, 'InternalError'),
  })
  process.stdout.write(`${server.url.origin}\n`)
}
