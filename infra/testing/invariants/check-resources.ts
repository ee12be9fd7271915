import type { Stage } from '../studio/test-stack.ts'

/** Far more than a service at rest needs, far less than one that leaks for long. */
const MOST = { megabytes: 700, files: 200 }
const MOST_CONNECTIONS = 14

/** I10: what a process holds at rest is bounded. */
export async function checkBounds({ ingest, query, processors, sql }: Stage): Promise<string[]> {
  const services = [ingest, query, ...processors]
  const held = services.map(async (service, at) => {
    const megabytes = Math.round((await service.metric('process_resident_memory_bytes')) / 1_048_576)
    const files = await service.metric('process_open_fds')
    const wrong = megabytes > MOST.megabytes || files > MOST.files
    return wrong ? [`I10 service ${at} holds ${megabytes} MB and ${files} files`] : []
  })
  const connections = await sql<{ name: string; count: number }[]>`
    select application_name as name, count(*)::int as count from pg_stat_activity
    where application_name like 'darkroom-%' group by 1`
  const most = { 'darkroom-processor': MOST_CONNECTIONS * processors.length } as Record<string, number>
  const wide = connections.filter(({ name, count }) => count > (most[name] ?? MOST_CONNECTIONS))
  return [
    ...(await Promise.all(held)).flat(),
    ...wide.map(({ name, count }) => `I10 ${name} has ${count} connections to the database`),
  ]
}
