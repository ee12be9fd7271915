import type { TestStack } from '../studio/test-stack.ts'

/** Far above what an idle service needs, far below what a leak reaches. */
const MAX_PER_PROCESS = { megabytes: 700, files: 200 }
const MAX_CONNECTIONS = 14

/** Checks I10: memory, open files and database connections of an idle process are bounded. */
export async function checkResourceLimits({ running, sql }: Pick<TestStack, 'running' | 'sql'>): Promise<string[]> {
  const perProcess = running.map(async (service, at) => {
    const megabytes = Math.round((await service.readMetric('process_resident_memory_bytes')) / 1_048_576)
    const files = await service.readMetric('process_open_fds')
    const isExceeded = megabytes > MAX_PER_PROCESS.megabytes || files > MAX_PER_PROCESS.files
    return isExceeded ? [`I10 service ${at} has ${megabytes} MB and ${files} open files`] : []
  })
  const connections = await sql<{ name: string; count: number }[]>`
    select application_name as name, count(*)::int as count from pg_stat_activity
    where application_name like 'darkroom-%' group by 1`
  const allow = (name: string) =>
    MAX_CONNECTIONS * Math.max(1, running.filter(({ service }) => name === `darkroom-${service}`).length)
  const exceeding = connections.filter(({ name, count }) => count > allow(name))
  return [
    ...(await Promise.all(perProcess)).flat(),
    ...exceeding.map(({ name, count }) => `I10 ${name} has ${count} connections to the database`),
  ]
}
