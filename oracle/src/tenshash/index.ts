export type { LuckyTicket, SearchOptions, TicketRange } from "./search.ts";
export { HASH_BYTES, STATE_BYTES, TRACE_ROWS } from "./shape.ts";
export type { TensHasher } from "./tens-hasher.ts";
export {
  createTensHasher,
  defaultThreads,
  presentTensHashers,
  type TensHashBackend,
  tensHashBackends,
  type TensHashChoice,
  tensHashChoices,
} from "./create.ts";
