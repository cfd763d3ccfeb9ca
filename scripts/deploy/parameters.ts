import { readFileSync } from "node:fs";

import { GristmillError } from "@gristmill/sdk";

import { isDevelopmentChain } from "./chain.ts";

const GRIST = 10n ** 18n;
const ETHER = 10n ** 18n;
const DAY = 86_400n;

/** Everything that is fixed for good when the suite is deployed. All numbers are bigints: most go past 2^53. */
export interface SuiteParameters {
  readonly token: {
    /** GRIST wei that can ever exist. */
    readonly cap: bigint;
    /** GRIST wei created for the deployer. */
    readonly genesis: bigint;
  };
  readonly stake: {
    /** Seconds from asking for stake back to having it. */
    readonly unbondingDelay: bigint;
    /** GRIST wei that a verifier locks at least. */
    readonly minimumVerifierWeight: bigint;
  };
  /** `IEpochBeacon.Parameters`, in blocks. */
  readonly beacon: {
    readonly epochBlocks: bigint;
    readonly seedDelay: bigint;
    readonly provingWindow: bigint;
    readonly attestationBlocks: bigint;
    readonly attestationRounds: bigint;
    readonly challengeBlocks: bigint;
  };
  readonly registry: {
    /** Seconds for which the scores of a task can be challenged before it is settled. */
    readonly challengeSeconds: bigint;
  };
  /** `IWorkMint.Parameters`. */
  readonly mint: {
    readonly macsPerTicket: bigint;
    readonly halvingEpochs: bigint;
    readonly wantedClaims: bigint;
    readonly verifierShareBps: bigint;
    readonly verifiersPerClaim: bigint;
    readonly initialTarget: bigint;
    readonly initialEmission: bigint;
    readonly maxPerTicket: bigint;
  };
  /** `IAudits.Parameters`. */
  readonly audits: {
    /** Part of a task's attestations for which audits are drawn, in basis points. */
    readonly quotaBps: bigint;
    readonly verifiersPerAudit: bigint;
  };
  /** `IOpenMint.Parameters`. */
  readonly openMint: {
    readonly halvingEpochs: bigint;
    readonly wantedClaims: bigint;
    readonly moveBlocks: bigint;
    readonly easiestTarget: bigint;
    readonly initialEmission: bigint;
    /** Wei of ether. */
    readonly bond: bigint;
  };
  /** `ICourt.Parameters`. */
  readonly court: {
    /** Seconds for one move. */
    readonly moveSeconds: bigint;
    /** Seconds for all moves of a side together. */
    readonly clockSeconds: bigint;
    /** GRIST wei of a place's first challenger. */
    readonly bond: bigint;
  };
  /** `IBountyBoard.Parameters`. */
  readonly bounties: {
    /** Part of the verifiers' weight, in basis points, without which a vote decides nothing. */
    readonly quorumBps: bigint;
    /** Pay of one vote's voters as a part of the bounty, in basis points. */
    readonly voterPayBps: bigint;
  };
  readonly exactBounties: {
    /** Seconds that a candidate has at least to publish its model, and others to challenge its score. */
    readonly leastSeconds: bigint;
  };
  /** `IFillerTasks.Parameters`. */
  readonly fillers: {
    readonly halvingEpochs: bigint;
    /** Epochs in which one filler task can be opened. */
    readonly periodEpochs: bigint;
    /** GRIST wei minted for the first tasks. */
    readonly initialEmission: bigint;
    /** GRIST wei that proposing a task for the queue burns. */
    readonly proposalBurn: bigint;
  };
}

/** Everything quick, so that a task lives through all its phases in a minute or two of one-second blocks. */
const DEVELOPMENT: SuiteParameters = {
  token: { cap: 100_000_000n * GRIST, genesis: 1_000_000n * GRIST },
  stake: { unbondingDelay: 660n, minimumVerifierWeight: 100n * GRIST },
  beacon: {
    epochBlocks: 10n,
    seedDelay: 2n,
    provingWindow: 128n,
    attestationBlocks: 8n,
    attestationRounds: 2n,
    challengeBlocks: 3n,
  },
  registry: { challengeSeconds: 10n },
  mint: {
    macsPerTicket: 1n << 26n,
    halvingEpochs: 100_000n, // with the emission below, a fifth of the cap in all
    wantedClaims: 2n, // one verifier runs them all again, on the machine that trains
    verifierShareBps: 2_000n,
    verifiersPerClaim: 1n,
    initialTarget: 1n << 250n, // one ticket in 64
    initialEmission: 20n * GRIST,
    maxPerTicket: 4n * GRIST,
  },
  // Half of what public chains draw: one verifier runs everything again, on the machine that trains.
  audits: { quotaBps: 2_500n, verifiersPerAudit: 1n },
  openMint: {
    halvingEpochs: 100_000n, // two hundredths of the cap in all
    wantedClaims: 4n,
    moveBlocks: 20n,
    easiestTarget: 1n << 246n, // one hash in 1,024: about a second of one thread
    initialEmission: 10n * GRIST,
    bond: ETHER / 20n,
  },
  court: { moveSeconds: 30n, clockSeconds: 240n, bond: 5n * GRIST },
  bounties: { quorumBps: 2_500n, voterPayBps: 500n },
  exactBounties: { leastSeconds: 10n },
  fillers: {
    halvingEpochs: 100_000n, // with the emission below, a fifth of the cap in all
    periodEpochs: 1n,
    initialEmission: 100n * GRIST,
    proposalBurn: 25n * GRIST,
  },
};

/** For blocks of 12 seconds: epochs of an hour, a challenge window of a day, no GRIST but what is mined. */
const PUBLIC: SuiteParameters = {
  token: { cap: 100_000_000n * GRIST, genesis: 0n },
  stake: { unbondingDelay: 14n * DAY, minimumVerifierWeight: 100n * GRIST },
  beacon: {
    epochBlocks: 300n,
    seedDelay: 32n,
    provingWindow: 192n,
    attestationBlocks: 50n,
    attestationRounds: 4n,
    challengeBlocks: 7_200n,
  },
  registry: { challengeSeconds: DAY },
  mint: {
    macsPerTicket: 1n << 31n,
    halvingEpochs: 35_064n, // four years: with the emission below, 70 % of the cap in all
    wantedClaims: 16n,
    verifierShareBps: 2_000n,
    verifiersPerClaim: 3n,
    initialTarget: 1n << 248n,
    initialEmission: 1_000n * GRIST,
    maxPerTicket: 250n * GRIST,
  },
  audits: { quotaBps: 5_000n, verifiersPerAudit: 3n },
  openMint: {
    halvingEpochs: 35_064n, // with the emission below, 3.5 % of the cap in all
    wantedClaims: 16n,
    moveBlocks: 3_600n,
    easiestTarget: 1n << 236n, // one hash in a million: about a quarter of an hour of one thread
    initialEmission: 50n * GRIST,
    bond: ETHER / 20n,
  },
  court: { moveSeconds: DAY / 2n, clockSeconds: 5n * DAY, bond: 50n * GRIST },
  bounties: { quorumBps: 2_500n, voterPayBps: 500n },
  exactBounties: { leastSeconds: DAY },
  fillers: {
    halvingEpochs: 35_064n, // with the emission below, 24.5 % of the cap in all
    periodEpochs: 24n, // one a day
    initialEmission: 8_400n * GRIST,
    proposalBurn: 2_100n * GRIST,
  },
};

/** Slowest block time that {@link requireLongUnbonding} reckons with, in seconds. */
const BLOCK_SECONDS = { development: 2n, public: 12n };

/**
 * The parameters for a chain, those in `file` in the place of its defaults. The file is JSON in the shape of
 * {@link SuiteParameters}, any part of it; integers beyond 2^53 stand as decimal strings.
 * @throws GristmillError DEPLOY_PARAMETERS_UNREADABLE, DEPLOY_PARAMETER_INVALID, DEPLOY_UNBONDING_TOO_SHORT
 */
export function parametersFor(chainId: number, file?: string): SuiteParameters {
  const kind = isDevelopmentChain(chainId) ? "development" : "public";
  const defaults = kind === "development" ? DEVELOPMENT : PUBLIC;
  const parameters = file === undefined ? defaults : override(defaults, readOverrides(file), file);
  requireLongUnbonding(parameters, BLOCK_SECONDS[kind]);
  return parameters;
}

function readOverrides(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new GristmillError("DEPLOY_PARAMETERS_UNREADABLE", `The parameters in ${file} cannot be read.`, {
      cause,
      hints: [String(cause)],
    });
  }
}

/** `defaults` with what `overrides` gives, of the same shape; `where` names the place for errors. */
function override<T extends object>(defaults: T, overrides: unknown, where: string): T {
  if (typeof overrides !== "object" || overrides === null) throw invalid(where, "is not an object");
  const result = { ...defaults } as Record<string, unknown>;
  for (const [key, value] of Object.entries(overrides)) {
    const standard = Object.hasOwn(defaults, key) ? result[key] : undefined;
    if (standard === undefined) {
      throw invalid(`${where}: ${key}`, `is not a parameter; there are ${Object.keys(defaults).join(", ")}`);
    }
    result[key] =
      typeof standard === "object" && standard !== null
        ? override(standard, value, `${where}: ${key}`)
        : integer(value, `${where}: ${key}`);
  }
  return result as T;
}

function integer(value: unknown, where: string): bigint {
  const isInteger = Number.isSafeInteger(value) || (typeof value === "string" && /^\d+$/.test(value));
  if (!isInteger || Number(value) < 0) throw invalid(where, "is not a whole number; past 2^53 write it as a string");
  return BigInt(value as number | string);
}

/**
 * The stake must outlast every window in which it is a bond: from a commit to the end of its epoch's challenges, and a
 * dispute that begins at that end, with the clocks of both sides.
 */
function requireLongUnbonding({ stake, beacon, court }: SuiteParameters, blockSeconds: bigint): void {
  const attestation = 2n * beacon.attestationBlocks * beacon.attestationRounds;
  const blocks = 2n * beacon.epochBlocks + beacon.seedDelay + attestation + beacon.challengeBlocks;
  const needed = blocks * blockSeconds + 2n * court.clockSeconds;
  if (stake.unbondingDelay <= needed) {
    throw new GristmillError(
      "DEPLOY_UNBONDING_TOO_SHORT",
      `stake.unbondingDelay is ${stake.unbondingDelay} s, but stake must stay for ${blocks} blocks of ${blockSeconds} s ` +
        `and a dispute of ${2n * court.clockSeconds} s.`,
      { hints: [`make it longer than ${needed} s, or the windows of the beacon or the court's clock shorter`] },
    );
  }
}

function invalid(where: string, fault: string): GristmillError {
  return new GristmillError("DEPLOY_PARAMETER_INVALID", `${where} ${fault}.`, {
    hints: ["the parameters and their defaults are in scripts/deploy/parameters.ts"],
  });
}
