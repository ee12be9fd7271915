import { waitFor } from '../wait-for.ts'

/** Waits until a service says that it stops. @throws DeadlineError when it does not within a minute */
export async function waitUntilLeaving({ url }: { url: string }): Promise<void> {
  const isLeaving = async () => {
    const response = await fetch(`${url}/readyz`)
    return response.status === 503 && (await response.text()).includes('"stopping":true')
  }
  await waitFor('the end of readiness', 60_000, isLeaving)
}
