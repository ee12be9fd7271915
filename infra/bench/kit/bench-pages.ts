import { join } from 'node:path'
import { runCommand } from '../../local/process/command.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const BUILD_DIR = join(ROOT, '.darkroom', 'bench-pages')
const BUILD_TIMEOUT_MS = 180_000

/** A row of the pages that show the other variants. */
export interface BenchRow {
  key: string
  prompt: string
  images: { src: string; ratio: number; placeholder: string | null }[]
}

/** A server of those pages. */
export interface BenchPages extends AsyncDisposable {
  url: string
}

/**
 * Builds the pages of the other variants and serves them, with rows and images.
 *
 * @param options `media` is the base URL that images are proxied from
 */
export async function serveBenchPages(options: {
  rows?: (count: number) => BenchRow[]
  media?: string
}): Promise<BenchPages> {
  const command = [process.execPath, '--bun', 'x', 'vite', 'build', '--config', 'bench/vite.config.ts']
  await runCommand(command, {
    cwd: join(ROOT, 'frontend'),
    milliseconds: BUILD_TIMEOUT_MS,
    signal: AbortSignal.timeout(BUILD_TIMEOUT_MS),
  })
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async request => {
      const { pathname, searchParams } = new URL(request.url)
      if (pathname === '/rows') return Response.json(options.rows?.(Number(searchParams.get('count'))) ?? [])
      if (pathname.startsWith('/media/')) return await proxyMedia(`${options.media}${pathname}`)
      const file = Bun.file(join(BUILD_DIR, pathname))
      return (await file.exists()) ? new Response(file) : new Response(null, { status: 404 })
    },
  })
  return { url: server.url.origin, [Symbol.asyncDispose]: () => server.stop(true) }
}

async function proxyMedia(url: string): Promise<Response> {
  const response = await fetch(url)
  const headers = { 'content-type': response.headers.get('content-type') ?? '', 'cache-control': 'max-age=3600' }
  return new Response(response.body, { status: response.status, headers })
}
