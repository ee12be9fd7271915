import { BACKFILL_CONSUMER, BACKFILL_SUBJECT } from '@darkroom/contracts/subjects'
import type { Bus } from '@darkroom/infra/bus/bus'
import type { JobConsumer } from '@darkroom/infra/bus/consumer'

/** The part of the bus that opens consumers. */
export type ConsumerBus = Pick<Bus, 'consumer' | 'ensureStreams'>

const ACK_WAIT_SECONDS = 30

/** Opens the consumer that the supervisor and all backfill workers share, and its stream if the bus has lost it. */
export async function openBackfillConsumer(bus: ConsumerBus, ackWaitSeconds = ACK_WAIT_SECONDS): Promise<JobConsumer> {
  await bus.ensureStreams()
  return await bus.consumer({ name: BACKFILL_CONSUMER, subject: BACKFILL_SUBJECT, ackWaitSeconds })
}
