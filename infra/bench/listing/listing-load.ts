/** What asking took: milliseconds of each request. */
export interface Load {
  milliseconds: number[]
  seconds: number
}

/** Asks for one address again and again for a while, so many times at once, over connections that are kept. */
export async function load(url: string, options: { atOnce: number; seconds: number }): Promise<Load> {
  const began = performance.now()
  const until = began + options.seconds * 1_000
  const milliseconds: number[] = []
  const one = async () => {
    while (performance.now() < until) {
      const asked = performance.now()
      const answer = await fetch(url, { headers: { 'accept-encoding': 'identity' } })
      if (!answer.ok) throw new Error(`${url} answered ${answer.status}`)
      await answer.arrayBuffer()
      milliseconds.push(performance.now() - asked)
    }
  }
  await Promise.all(Array.from({ length: options.atOnce }, one))
  return { milliseconds, seconds: (performance.now() - began) / 1_000 }
}
