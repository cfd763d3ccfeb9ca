import { expect } from "chai";
import { network } from "hardhat";
import { bytesToHex, type GetContractEventsReturnType, type Hex, numberToHex, parseEventLogs } from "viem";
import { mnemonicToAccount } from "viem/accounts";

import { workMintAbi } from "@gristmill/sdk";

import { Chain } from "../../../oracle/src/chain/chain.ts";
import { EventFeed } from "../../../oracle/src/chain/event-feed.ts";
import { Proxy } from "../../oracle/chain/proxy.ts";
import { hasAnvil, LocalNode, NODES } from "../../scripts/deploy/local-node.ts";
import { attest } from "../helpers/attested-claim.ts";
import {
  type ClaimArguments,
  claimIdOf,
  commitWork,
  type CommittedWork,
  detailsOf,
} from "../helpers/committed-work.ts";
import { suiteOf } from "../helpers/deployment.ts";
import { deployMintSuite, MINT, type MintSuite } from "../helpers/mint-suite.ts";

/** Who operates the slot is the third of the development accounts. */
const OPERATOR = mnemonicToAccount("test test test test test test test test test test test junk", { addressIndex: 2 });
const KEY = bytesToHex(OPERATOR.getHdKey().privateKey!);

describe("a claim of a ticket on a chain that fails", function () {
  this.timeout(60_000);
  let anvil: LocalNode;
  let suite: MintSuite;
  let work: CommittedWork;
  const proxies: Proxy[] = [];
  let tickets = 0;

  before(async function () {
    if (!(await hasAnvil())) this.skip();
    anvil = await LocalNode.start(NODES.anvil);
    const connection = await network.create({ network: "localhost", override: { url: anvil.url } });
    // One verifier attests: its accounts and the others' are all that anvil has.
    suite = await deployMintSuite(connection, { mint: { verifiersPerClaim: 1n } });
    await suite.enterEpoch(1n);
    work = await commitWork(suite);
    await suite.proveSeed(work.epoch);
  });

  afterEach(async () => {
    await Promise.all(proxies.splice(0).map((proxy) => proxy.stop()));
  });

  after(async () => {
    await (suite as MintSuite | undefined)?.connection.close();
    await (anvil as LocalNode | undefined)?.stop();
  });

  async function proxy(): Promise<Proxy> {
    const made = await Proxy.before(anvil.url);
    proxies.push(made);
    return made;
  }

  async function connect(rpcUrl: string | readonly string[], confirmations: number): Promise<Chain> {
    const at = async (contract: { getAddress(): Promise<string> }) => (await contract.getAddress()) as Hex;
    const { token, stakes, pool, beacon, registry, mint } = suite;
    const contracts = suiteOf({
      GristToken: await at(token),
      StakeManager: await at(stakes),
      VerifierPool: await at(pool),
      EpochBeacon: await at(beacon),
      TaskRegistry: await at(registry),
      WorkMint: await at(mint),
    });
    const deployment = { chainId: 31_337, blockNumber: 0, contracts };
    return Chain.connect({ rpcUrl, deployment, privateKey: KEY, confirmations });
  }

  function send(chain: Chain, claim: ClaimArguments) {
    const address = chain.deployment.contracts.WorkMint;
    // The arguments are those of the SDK's ABI: the contract tests write them as its ethers types.
    return chain.transact({ address, abi: workMintAbi, functionName: "claim", args: [claim as never] });
  }

  const nonceOf = (chain: Chain) => chain.public.getTransactionCount({ address: OPERATOR.address });
  const mine = (blocks: number) => anvil.request("anvil_mine", numberToHex(blocks));
  const stateOf = async (claim: ClaimArguments) => (await suite.mint.claimOf(claimIdOf(suite, claim))).state;
  const made = async () => (await suite.mint.claimsIn(work.epoch)).made;

  it("is made again, and only once, when three blocks are rolled back, and whoever follows the claims sees that", async () => {
    const chain = await connect(anvil.url, 4);
    const before = await made();
    const address = chain.deployment.contracts.WorkMint;
    const since = await chain.public.getBlockNumber();
    const filter = { address, abi: workMintAbi, eventName: "TicketClaimed", strict: true } as const;
    const feed = new EventFeed(chain, since, (fromBlock, toBlock) =>
      chain.public.getContractEvents({ ...filter, fromBlock, toBlock }),
    );
    const claim = await work.claim(10, tickets++);
    const claimId = claimIdOf(suite, claim);
    const look = async () => {
      const { undone, added } = await feed.take(await chain.public.getBlockNumber({ cacheTime: 0 }));
      return [undone.map(({ args }) => args.claimId), added.map(({ args }) => args.claimId)];
    };

    const sent = send(chain, claim);
    await until(async () => (await stateOf(claim)) === 1n);
    await mine(2);
    expect(await look()).to.deep.equal([[], [claimId]]);
    const nonce = await nonceOf(chain);
    await anvil.request("anvil_rollback", 3);
    expect(await nonceOf(chain)).to.equal(nonce - 1);
    expect(await look()).to.deep.equal([[], []]);
    await until(async () => (await stateOf(claim)) === 1n);
    await mine(4);
    expect((await sent).status).to.equal("success");
    expect(await look()).to.deep.equal([[claimId], [claimId]]);
    expect(await look()).to.deep.equal([[], []]);
    expect([await made(), await nonceOf(chain)]).to.deep.equal([before + 1n, nonce]);
  });

  it("is made once and minted through the second endpoint when the first dies in the middle of it", async () => {
    const [first, second] = [await proxy(), await proxy()];
    const chain = await connect([first.url, second.url], 1);
    const before = await made();
    let dead = false;
    first.behave = (method) => {
      if (dead) return "die";
      dead = method === "eth_sendRawTransaction";
      return dead ? "swallow" : "answer";
    };
    const claim = await work.claim(10, tickets++);
    expect((await send(chain, claim)).status).to.equal("success");
    expect([await made(), await stateOf(claim)]).to.deep.equal([before + 1n, 1n]);

    const claimId = claimIdOf(suite, claim);
    const details = detailsOf(suite, claim);
    await attest(suite, { claimId, details }, `0x${"7a".repeat(32)}`);
    await suite.nextBlockIs(await suite.mint.mintableAt(details));
    const balance = await suite.token.balanceOf(suite.owner);
    const address = chain.deployment.contracts.WorkMint;
    const { logs } = await chain.transact({
      address,
      abi: workMintAbi,
      functionName: "mint",
      args: [details as never],
    });
    const [{ args }] = parseEventLogs({ abi: workMintAbi, logs, eventName: "RewardMinted" }) as [
      GetContractEventsReturnType<typeof workMintAbi, "RewardMinted", true>[number],
    ];
    expect(args.reward).to.equal(MINT.maxPerTicket);
    expect((await suite.token.balanceOf(suite.owner)) - balance).to.equal(args.reward - args.verifiersPart);
    expect(chain.endpoints.map(({ state }) => state)).to.deep.equal(["failing", "ok"]);
  });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}
