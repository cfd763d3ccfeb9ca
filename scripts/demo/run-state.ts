/** One line of a node's log that reports a step of the protocol. */
export interface NodeEvent {
  readonly event: string;
  readonly role: string;
  readonly name: string;
  readonly [field: string]: unknown;
}

/** Phases in which a task has ended. */
const TERMINAL = new Set(["Settled", "Cancelled", "Failed"]);

/** What is known of a miner, from its own log. */
export interface MinerState {
  readonly name: string;
  slot?: number;
  iteration: number;
  iterations: number;
  accuracy?: number;
  loss?: number;
  updates?: number;
  tickets: number;
  lucky: number;
  claims: number;
  minted: number;
  paid?: string;
  stateId?: string;
  state: string;
}

/** A dispute as the nodes that watched it tell. */
export interface DisputeStory {
  readonly dispute: string;
  /** Whose stake answers: "slot 1", "evaluator 0". */
  readonly place: string;
  moves: number;
  winner?: string;
  /** The arithmetic that decided it, or "silence". */
  why?: string;
}

/** A place that lost its stake: amounts in GRIST. */
export interface ConvictedPlace {
  readonly place: string;
  readonly stake: string;
  readonly burned: string;
  readonly accusers: string;
  readonly honest: string;
}

/** Everything the live view and the report show of a run, put together from the nodes' events. */
export class RunState {
  /** The latest last. */
  readonly tasks = new Map<string, TaskRun>();
  /** Height of the chain. */
  block = 0n;
  readonly #killed = new Set<string>();
  readonly #waiting = new Set<() => void>();

  /** Takes an event in. */
  apply(event: NodeEvent): void {
    const { task } = event;
    if (event.event === "killed") this.#kill(event.name);
    if (typeof task !== "string") return;
    const run = this.tasks.get(task) ?? new TaskRun(task);
    this.tasks.set(task, run);
    run.apply(event);
    for (const look of this.#waiting) look();
  }

  /** Resolves once so many tasks of clients are over for every node that had a part in them, and a filler task too if wanted. */
  async over(tasks: number, filler: boolean): Promise<void> {
    const isOver = (): boolean => {
      const over = [...this.tasks.values()].filter((run) => run.isOver(this.#killed));
      const fillers = over.filter(({ isFiller }) => isFiller).length;
      return over.length - fillers === tasks && (!filler || fillers > 0);
    };
    if (isOver()) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const look = (): void => {
      if (isOver()) resolve(undefined);
    };
    this.#waiting.add(look);
    await promise;
    this.#waiting.delete(look);
  }

  #kill(name: string): void {
    this.#killed.add(name);
    for (const { miners } of this.tasks.values()) {
      const miner = miners.get(name);
      if (miner !== undefined) miner.state = "killed";
    }
  }
}

/** What the nodes tell of one task. */
export class TaskRun {
  readonly taskId: string;
  /** No client has said that it is its. */
  isFiller = true;
  readonly miners = new Map<string, MinerState>();
  readonly stateIds = new Map<string, string>();
  readonly paid = new Map<string, string>();
  readonly notices: string[] = [];
  phase = "starting";
  /** Nodes with a part in the task that have not ended it. */
  readonly #busy = new Set<string>();
  /** Claims that a verifier confirmed. */
  readonly confirmed = new Set<string>();
  refuted = 0;
  claimed = 0;
  readonly disputes = new Map<string, DisputeStory>();
  readonly convicted = new Map<string, ConvictedPlace>();
  score: { readonly correct: number } | undefined;
  model:
    | { readonly path: string; readonly accuracy: number; readonly correct: number; readonly examples: number }
    | undefined;

  constructor(taskId: string) {
    this.taskId = taskId;
  }

  /** Whether nobody but the killed has anything to do in it any more. */
  isOver(killed: ReadonlySet<string>): boolean {
    return TERMINAL.has(this.phase) && [...this.#busy].every((name) => killed.has(name));
  }

  /** Takes an event in. */
  apply(event: NodeEvent): void {
    switch (event.event) {
      case "task-created":
        this.isFiller = false;
        break;
      case "part-began":
        this.#busy.add(event.name);
        break;
      case "part-ended":
      case "part-refused":
        this.#busy.delete(event.name);
        break;
      case "phase":
        this.phase = String(event["phase"]);
        break;
      case "final-state":
      case "log":
        this.stateIds.set(event.name, String(event["stateId"]));
        break;
      case "attested":
        this.confirmed.add(String(event["claimId"]));
        break;
      case "refuted":
        this.refuted += 1;
        this.notices.push(`${event.name} refuted work of slot ${String(event["slot"])}: ${String(event["reason"])}`);
        break;
      case "dispute-opened":
      case "dispute-moved":
      case "dispute-decided":
        this.#takeDispute(event);
        break;
      case "convicted":
        this.#takeConviction(event);
        break;
      case "score":
        this.score = { correct: Number(event["correct"]) };
        break;
      case "model":
        this.stateIds.set(event.name, String(event["stateId"]));
        this.model = {
          path: String(event["path"]),
          accuracy: Number(event["accuracy"]),
          correct: Number(event["correct"]),
          examples: Number(event["examples"]),
        };
        break;
      case "paid":
        this.paid.set(event.name, String(event["amount"]));
        break;
    }
    if (event.role === "miner") applyToMiner(this.#miner(event.name), event);
    if (event.event === "claim") this.claimed += 1;
  }

  /** Every node tells of every dispute: what is known already is not said again. */
  #takeDispute(event: NodeEvent): void {
    const dispute = String(event["dispute"]);
    const place = placeOf(event);
    const story = this.disputes.get(dispute) ?? { dispute, place, moves: -1 };
    this.disputes.set(dispute, story);
    if (event.event === "dispute-opened" && story.moves < 0) {
      story.moves = 0;
      this.notices.push(`${place} is challenged, with a bond of ${String(event["bond"])} GRIST`);
    }
    if (event.event === "dispute-moved" && Number(event["move"]) >= story.moves) {
      story.moves = Number(event["move"]) + 1;
      this.notices.push(`move ${String(story.moves)}: the ${String(event["side"])} ${String(event["what"])}`);
    }
    if (event.event === "dispute-decided" && story.winner === undefined) {
      story.winner = String(event["winner"]);
      story.why = typeof event["why"] === "string" ? event["why"] : "unknown";
      this.notices.push(`the ${story.winner} wins: ${story.why}`);
    }
  }

  #takeConviction(event: NodeEvent): void {
    const place = placeOf(event);
    if (this.convicted.has(place)) return;
    const [stake, burned, accusers, honest] = ["stake", "burned", "accusers", "honest"].map((field) =>
      String(event[field]),
    ) as [string, string, string, string];
    this.convicted.set(place, { place, stake, burned, accusers, honest });
    for (const miner of this.miners.values())
      if (miner.slot !== undefined && miner.slot === event["slot"]) {
        miner.state = "convicted";
        // The final state leaves it out, whatever it submitted.
        this.stateIds.delete(miner.name);
      }
    this.notices.push(
      `${place} is convicted of ${stake} GRIST: ${burned} burnt, ${accusers} to the accuser, ${honest} to the honest`,
    );
  }

  #miner(name: string): MinerState {
    let miner = this.miners.get(name);
    if (miner === undefined) {
      miner = { name, iteration: 0, iterations: 0, tickets: 0, lucky: 0, claims: 0, minted: 0, state: "starting" };
      this.miners.set(name, miner);
    }
    return miner;
  }
}

/** The place that an event of a dispute is about. */
function placeOf(event: NodeEvent): string {
  const role = "evaluator" in event ? "evaluator" : "slot";
  return `${role} ${String(event[role])}`;
}

function applyToMiner(miner: MinerState, event: NodeEvent): void {
  switch (event.event) {
    case "joined":
      miner.slot = Number(event["place"]);
      miner.state = "joined";
      break;
    case "progress":
      miner.iteration = Number(event["iteration"]);
      miner.iterations = Number(event["iterations"]);
      miner.accuracy = Number(event["accuracy"]);
      miner.loss = Number(event["loss"]);
      miner.updates = Number(event["updates"]);
      miner.state = miner.iteration < miner.iterations ? "training" : "trained";
      break;
    case "draw":
      miner.tickets += Number(event["tickets"]);
      miner.lucky += Number(event["lucky"]);
      break;
    case "claim":
      miner.claims += 1;
      break;
    case "mint":
      miner.minted += Number(event["reward"]);
      break;
    case "final-state":
      miner.stateId = String(event["stateId"]);
      miner.state = "submitted";
      break;
    case "paid":
      miner.paid = String(event["amount"]);
      miner.state = "paid";
      break;
  }
}
