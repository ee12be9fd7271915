import type { Generation, Submission } from '@darkroom/contracts/generation'
import { describeProblem, OutOfReach } from './api.ts'
import { addSent, deliver, merge, withdraw } from './generations.ts'
import type { Delivery, Generations } from './rows.ts'

/** Something to make: what it looks like until the studio answers, and what the studio is told once its references are there. */
export interface Order {
  generation: Generation
  submission: () => Promise<Submission>
  /** Called once the studio has answered or the order was taken back: nothing that only this page has is shown any more. */
  onDone: () => void
}

export interface OrdersOptions {
  now: () => Generations
  keep: (now: Generations) => void
  generate: (submission: Submission) => Promise<Generation>
}

/** What this page has asked for and the studio has not answered for yet. */
export function createOrders({ now, keep, generate }: OrdersOptions) {
  const orders = new Map<string, Order>()

  /** Shows an order at once and sends it. */
  async function send(order: Order) {
    orders.set(order.generation.clientId, order)
    keep(addSent(now(), order.generation))
    await post(order)
  }

  /** Sends an order once more, under the same `clientId`: however often it arrives, it is one generation. */
  async function sendAgain(key: string) {
    const order = orders.get(key)
    if (!order) return
    keep(deliver(now(), key, { state: 'sending' }))
    await post(order)
  }

  async function post(order: Order) {
    try {
      const generation = await generate(await order.submission())
      orders.delete(generation.clientId)
      keep(merge(now(), [generation]))
      order.onDone()
    } catch (error) {
      keep(deliver(now(), order.generation.clientId, fateOf(error)))
    }
  }

  /** Sends what waits for the studio to be in reach. */
  async function sendWaiting() {
    const waiting = now().sent.filter(row => row.delivery?.state === 'waiting')
    await Promise.all(waiting.map(row => sendAgain(row.key)))
  }

  /** Takes an order back that has not reached the studio. */
  function takeBack(key: string) {
    keep(withdraw(now(), key))
    orders.get(key)?.onDone()
    orders.delete(key)
  }

  return { send, sendAgain, sendWaiting, takeBack }
}

function fateOf(error: unknown): Delivery {
  if (error instanceof OutOfReach) return { state: 'waiting' }
  return { state: 'refused', problem: describeProblem(error) }
}
