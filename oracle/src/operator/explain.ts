import { ClaimState, GristmillError, Phase, Role } from "@gristmill/sdk";
import type { Hex } from "viem";
import { formatEther, isAddressEqual, zeroHash } from "viem";

import type { ClaimDetails } from "../chain/claim-details.ts";
import { readSchedule } from "../chain/epochs.ts";
import { claimStateName } from "../chain/claim-state.ts";
import { isTerminal, phaseName } from "../roles/task-follower.ts";
import type { Reader } from "./reader.ts";
import { minersOf, tasksOf } from "./tasks.ts";

/** Why something was paid or not: what is, in order, and what can still be done. */
export interface Explanation {
  readonly about: "task" | "claim";
  readonly id: Hex;
  readonly story: readonly string[];
  /** What the operator may do about it. */
  readonly next: string | undefined;
}

/**
 * Answers "why was I not paid" for a task or a claim, from the chain alone.
 * @throws GristmillError ID_UNKNOWN
 */
export async function explain(reader: Reader, account: Hex, id: Hex): Promise<Explanation> {
  const { chain, contracts } = reader;
  const fromBlock = BigInt(chain.deployment.blockNumber);
  const [claim] = await contracts.mint.getEvents.TicketClaimed({ claimId: id }, { fromBlock });
  if (claim?.args.details !== undefined) return explainClaim(reader, id, claim.args.details);
  const { phase } = await contracts.registry.read.taskOf([id]);
  if (phase !== Phase.None) return explainTask(reader, account, id);
  throw new GristmillError("ID_UNKNOWN", `the chain knows neither a task nor a claim ${id}`, {
    hints: ["list them with `oracle-miner task list` and `oracle-miner claims`"],
  });
}

async function explainClaim(reader: Reader, id: Hex, details: ClaimDetails): Promise<Explanation> {
  const { chain, contracts } = reader;
  const { mint, registry, beacon } = contracts;
  const [{ state, claimedAt, attestations }, place, { number }, wanted] = await Promise.all([
    mint.read.claimOf([id]),
    registry.read.placeOf([details.taskId, Role.Miner, details.slot]),
    chain.head(),
    mint.read.verifiersPerClaim(),
  ]);
  const story = [
    `claimed in block ${String(claimedAt)} for ticket ${String(details.ticket)} of iteration ${String(details.index)}, slot ${String(details.slot)}`,
    `${String(attestations)} of ${String(wanted)} verifiers attested; now it is ${claimStateName(state).toLowerCase()}`,
  ];
  const say = (line: string, next?: string): Explanation => ({ about: "claim", id, story: [...story, line], next });
  switch (state) {
    case ClaimState.Claimed: {
      const [round, revealing] = await mint.read.roundOf([id]);
      const { attestationBlocks } = await readSchedule(contracts);
      const ends = BigInt(claimedAt) + BigInt(round + 1) * 2n * attestationBlocks;
      const drawn = await mint.read.drawnVerifier([id, details.epoch, round, 0]);
      return say(
        `round ${String(round)} of attestations is ${revealing ? "revealing" : "sealing"} until block ${String(ends)}, now is ${String(number)}; drawn first is ${drawn}`,
        "keep the node running: verifiers fetch the state before the claimed segment from it",
      );
    }
    case ClaimState.Attested: {
      if (place.suspended)
        return say(
          "a dispute over the slot is open, and its windows stand still meanwhile",
          "oracle-miner disputes list --mine",
        );
      const mintable = await mint.read.mintableAt([details]);
      if (number < mintable)
        return say(`its challenge window ends with block ${String(mintable)}, now is ${String(number)}`);
      const [minted, cap] = await Promise.all([
        mint.read.mintedFor([details.taskId]),
        mint.read.mintCapOf([details.taskId]),
      ]);
      if (minted >= cap)
        return say(`the task's tickets have minted all that its burn allows, ${formatEther(cap)} GRIST`);
      return say("it can be minted now", "oracle-miner rewards claim");
    }
    case ClaimState.Minted:
    case ClaimState.Paid: {
      const range = { fromBlock: BigInt(claimedAt) };
      const [event] = await mint.getEvents.RewardMinted({ claimId: id }, range);
      const { reward = 0n, verifiersPart = 0n, miner = details.miner } = event?.args ?? {};
      return say(
        `it minted ${formatEther(reward)} GRIST in block ${String(event?.blockNumber)}: ${formatEther(reward - verifiersPart)} for ${miner}, ${formatEther(verifiersPart)} for its verifiers`,
      );
    }
    case ClaimState.Expired:
      return say(
        `nobody attested it before its rounds were over (its epoch settles at block ${String(await beacon.read.settlesAt([details.epoch]))}): verifiers were absent, or could not fetch the task's data or the state before the segment`,
        "see that peers reach this node (--listen, `oracle-miner check`), and that it runs on after it claims",
      );
    default:
      return say(
        place.convicted
          ? "its slot lost a dispute, which voids all of the slot's claims"
          : "it was taken out of its epoch's claims",
        "oracle-miner disputes list --mine",
      );
  }
}

async function explainTask(reader: Reader, account: Hex, id: Hex): Promise<Explanation> {
  const { chain, contracts } = reader;
  const [task] = await tasksOf(reader, id);
  if (task === undefined) throw new GristmillError("ID_UNKNOWN", `the chain's logs do not show task ${id}`);
  const { view } = task;
  const story = [
    `in phase ${phaseName(view.phase)}${view.phaseEndsAt > 0n ? `, until ${new Date(Number(view.phaseEndsAt) * 1000).toISOString()}` : ""}`,
  ];
  let next: string | undefined;
  const miners = await minersOf(reader, id, view);
  const mine = miners.find(({ owner, operator }) => [owner, operator].some((each) => isAddressEqual(each, account)));
  if (mine === undefined) story.push(`${account} is no miner of it`);
  else {
    const { submittedState, agrees } = await contracts.registry.read.slotOf([id, mine.slot]);
    story.push(
      `slot ${String(mine.slot)} committed ${String(mine.iterations)} of ${String(view.iterations)} iterations`,
    );
    const isIncluded = ((view.includedSlots >> BigInt(mine.slot)) & 1n) === 1n;
    if (mine.convicted) story.push("the slot lost a dispute: it is paid nothing, and lost its stake");
    else if (mine.dropped) {
      story.push("the slot was dropped because it committed nothing for too many epochs: it is paid nothing");
      next = "keep the node running until the task ends, with ether for its commits";
    } else if (view.phase > Phase.Submission && submittedState === zeroHash)
      story.push("the slot submitted no final state, so it is not paid");
    else if (view.phase > Phase.Submission && view.finalState !== zeroHash) {
      story.push(
        agrees && isIncluded
          ? "the slot submitted the final state that won, and is part of it: it is paid for its iterations"
          : agrees
            ? "the slot's own updates are not part of the final state, so it is not paid"
            : "the slot submitted another final state than the one that won, so it is not paid",
      );
    }
  }
  const [credits, owed] = await Promise.all([
    contracts.registry.getEvents.Credited(
      { taskId: id, account },
      { fromBlock: BigInt(chain.deployment.blockNumber), toBlock: "latest" },
    ),
    contracts.registry.read.creditOf([account]),
  ]);
  const paid = credits.reduce((sum, { args }) => sum + (args.amount ?? 0n), 0n);
  if (credits.length > 0) story.push(`its settlement credited ${formatEther(paid)} GRIST to ${account}`);
  else if (isTerminal(view.phase)) story.push(`its settlement credited nothing to ${account} yet`);
  else story.push("pay comes with its settlement, after Closing");
  if (owed > 0n) next = `${formatEther(owed)} GRIST wait: oracle-miner rewards claim`;
  return { about: "task", id, story, next };
}
