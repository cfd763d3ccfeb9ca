import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { openLayer, openTicketInput } from "@gristmill/sdk";
import { expect } from "chai";
import { network } from "hardhat";
import { bytesToHex, type Hex, hexToBytes } from "viem";

import { firstFalseNeuron } from "../../../oracle/src/disputes/tens-hash-player.ts";
import { createTensHasher, type TensHasher } from "../../../oracle/src/tenshash/index.ts";
import { snapshot } from "../../gas/snapshot.ts";
import { BEACON, GRIST } from "../helpers/mint-suite.ts";
import { headerOf } from "../helpers/header.ts";

const { ethers, networkHelpers, provider } = await network.create();

const ETHER = 10n ** 18n;
const EVERYTHING_WINS = 2n ** 256n - 1n;
const OPEN_MINT = {
  halvingEpochs: 3n,
  wantedClaims: 2n,
  moveBlocks: 10n,
  easiestTarget: EVERYTHING_WINS,
  initialEmission: 12n * GRIST,
  bond: ETHER / 20n,
};
const SUPPLY_CAP = 1_000n * GRIST;
const DEPOSIT = ETHER;

const State = { None: 0n, Claimed: 1n, Challenged: 2n, Answered: 3n, Collected: 4n, Struck: 5n } as const;

/** Epoch 0 is over, and its seed is proven. */
async function drawn() {
  return deploy();
}

/** Nine GRIST wei are left below the cap. */
async function almostCapped() {
  return deploy({}, SUPPLY_CAP - 9n);
}

/** A target that tickets can miss. */
async function hard() {
  return deploy({ easiestTarget: 2n ** 255n });
}

async function deploy(parameters: Partial<typeof OPEN_MINT> = {}, genesis = 0n) {
  const [deployer, miner, challenger, other, thief] = await ethers.getSigners();
  const recipients = genesis === 0n ? [] : [deployer!.address];
  const token = await ethers.deployContract("GristToken", [SUPPLY_CAP, recipients, recipients.map(() => genesis)]);
  const beacon = await ethers.deployContract("EpochBeacon", [BEACON]);
  const openMint = await ethers.deployContract("OpenMint", [token, beacon, { ...OPEN_MINT, ...parameters }]);
  await token.appoint([openMint]);
  const scene = {
    token,
    beacon,
    openMint,
    miner: miner!,
    challenger: challenger!,
    other: other!,
    thief: thief!,
  };
  await proveSeed(scene, 0n);
  return scene;
}

type Scene = Awaited<ReturnType<typeof deploy>>;

async function proveSeed({ beacon }: Pick<Scene, "beacon">, epoch: bigint): Promise<string> {
  const block = (await beacon.lastBlockOf(epoch)) + BEACON.seedDelay;
  await networkHelpers.mineUpTo(block);
  await beacon.proveSeed(epoch, await headerOf(provider, block));
  return beacon.seedOf(epoch);
}

async function inputOf({ openMint }: Scene, miner: HardhatEthersSigner, nonce: bigint, epoch = 0n): Promise<Hex> {
  const { chainId } = await ethers.provider.getNetwork();
  const address = (await openMint.getAddress()) as Hex;
  return openTicketInput({ chainId, openMint: address, miner: miner.address as Hex, epoch, nonce });
}

async function claim(scene: Scene, y: string, nonce = 7n, miner = scene.miner): Promise<Hex> {
  await scene.openMint.connect(miner).mint(nonce, y, { value: OPEN_MINT.bond });
  return inputOf(scene, miner, nonce);
}

async function passTo(block: bigint): Promise<void> {
  const mined = block - 1n - BigInt(await ethers.provider.getBlockNumber());
  if (mined > 0n) await networkHelpers.mine(mined);
}

/** Mines so that the next transaction is in the first block in which the claim can be collected or has expired. */
async function passWindow({ openMint }: Scene, x: string): Promise<void> {
  await passTo((await openMint.claimOf(x)).endsAt + 1n);
}

describe("OpenMint", function () {
  let hasher: TensHasher;

  before(async () => {
    hasher = await createTensHasher("wasm");
  });

  after(() => hasher.dispose());

  /** What the miner's ticket hashes to. */
  async function truthOf(scene: Scene, nonce = 7n, miner = scene.miner) {
    await hasher.setSeed(hexToBytes((await scene.beacon.seedOf(0n)) as Hex));
    const input = hexToBytes(await inputOf(scene, miner, nonce));
    return { y: (await hasher.hash([input]))[0]!.slice(), trace: await hasher.trace(input) };
  }

  function flipped(bytes: Uint8Array, bit: number): Uint8Array {
    return bytes.with(bit >> 3, bytes[bit >> 3]! ^ (1 << (7 - (bit & 7))));
  }

  /** A false claim whose miner has answered with the trace of the truth. */
  async function answeredLie(scene: Scene) {
    const truth = await truthOf(scene);
    const y = flipped(truth.y, 77);
    const x = await claim(scene, bytesToHex(y));
    await scene.openMint.connect(scene.challenger).challenge(x, { value: DEPOSIT });
    await scene.openMint.connect(scene.miner).answer(x, truth.trace);
    const neuron = firstFalseNeuron({ y, trace: truth.trace }, truth)!;
    const { states, proof } = openLayer(truth.trace, neuron.layer);
    const evidence: [Hex, number, number, Hex, Hex[]] = [x, neuron.layer, neuron.index, states, [...proof]];
    return { x, evidence };
  }

  describe("claims", () => {
    it("pay a newcomer without stake the reward and its bond back, once the window has passed", async () => {
      const scene = await networkHelpers.loadFixture(drawn);
      const { openMint, token, miner, beacon } = scene;
      const { y } = await truthOf(scene);
      const x = await claim(scene, bytesToHex(y));
      const endsAt = await beacon.settlesAt(0n);
      expect((await openMint.claimOf(x)).endsAt).to.equal(endsAt);
      await passTo(endsAt - 1n);
      await expect(openMint.connect(miner).collect(x))
        .to.be.revertedWithCustomError(openMint, "OpenMint_TooEarly")
        .withArgs(x, endsAt);
      await passTo(endsAt);
      const collected = openMint.connect(miner).collect(x);
      const reward = OPEN_MINT.initialEmission / OPEN_MINT.wantedClaims;
      await expect(collected)
        .to.emit(openMint, "Mint")
        .withArgs(miner.address, reward, 0n, await openMint.getChallengeNumber());
      expect(await token.balanceOf(miner)).to.equal(reward);
      expect(await ethers.provider.getBalance(openMint)).to.equal(0n);
    });

    it("are of no use to whoever copies them: the miner is in the input", async () => {
      const scene = await networkHelpers.loadFixture(hard);
      const { openMint, miner, thief } = scene;
      const y = ethers.ZeroHash;
      let nonce = 0n;
      const isLucky = async (who: HardhatEthersSigner) => {
        const x = await inputOf(scene, who, nonce);
        return BigInt(ethers.keccak256(ethers.concat([y, x]))) <= 2n ** 255n;
      };
      while (!(await isLucky(miner)) || (await isLucky(thief))) nonce++;
      await claim(scene, y, nonce);
      await expect(openMint.connect(thief).mint(nonce, y, { value: OPEN_MINT.bond })).to.be.revertedWithCustomError(
        openMint,
        "OpenMint_NotLucky",
      );
    });

    it("are refused without the bond, twice, of no seed, before the first epoch ended", async () => {
      const scene = await networkHelpers.loadFixture(drawn);
      const { openMint, miner, beacon, token } = scene;
      const own = openMint.connect(miner);
      await expect(own.mint(1n, ethers.ZeroHash, { value: OPEN_MINT.bond - 1n }))
        .to.be.revertedWithCustomError(openMint, "OpenMint_WrongBond")
        .withArgs(OPEN_MINT.bond - 1n, OPEN_MINT.bond);
      const x = await claim(scene, ethers.ZeroHash);
      await expect(own.mint(7n, ethers.ZeroHash, { value: OPEN_MINT.bond }))
        .to.be.revertedWithCustomError(openMint, "OpenMint_AlreadyClaimed")
        .withArgs(x);
      await passTo((await beacon.claimsCloseAt(0n)) + 1n);
      await expect(own.mint(8n, ethers.ZeroHash, { value: OPEN_MINT.bond }))
        .to.be.revertedWithCustomError(openMint, "OpenMint_SeedNotProven")
        .withArgs(1n);

      const young = await ethers.deployContract("EpochBeacon", [BEACON]);
      const early = await ethers.deployContract("OpenMint", [token, young, OPEN_MINT]);
      await expect(early.mint(1n, ethers.ZeroHash, { value: OPEN_MINT.bond }))
        .to.be.revertedWithCustomError(openMint, "OpenMint_NothingClaimable")
        .withArgs((await young.lastBlockOf(0n)) + BEACON.seedDelay + 1n);
    });

    it("are of exactly one epoch in every block, the one whose claims the beacon says are open", async () => {
      const { openMint, beacon } = await networkHelpers.loadFixture(drawn);
      for (let n = 0; n < 2 * Number(BEACON.epochBlocks) + 3; n++) {
        const block = BigInt(await ethers.provider.getBlockNumber());
        const epoch = await openMint.claimableEpoch();
        expect(block <= (await beacon.claimsCloseAt(epoch))).to.equal(true);
        if (epoch > 0n) expect(block > (await beacon.claimsCloseAt(epoch - 1n))).to.equal(true);
        await networkHelpers.mine();
      }
    });

    it("share the epoch's emission, of which those struck leave theirs to nobody twice", async () => {
      const scene = await networkHelpers.loadFixture(drawn);
      const { openMint, token, miner, other, challenger } = scene;
      const [first, second, lie] = [
        await claim(scene, ethers.id("a"), 1n),
        await claim(scene, ethers.id("b"), 2n, other),
        await claim(scene, ethers.id("c"), 3n),
      ];
      await passWindow(scene, first);
      await networkHelpers.mine();
      expect(await openMint.rewardOf(0n)).to.equal(OPEN_MINT.initialEmission / 3n);
      await openMint.connect(miner).collect(first);
      await expect(openMint.connect(challenger).challenge(lie, { value: DEPOSIT })).to.be.revertedWithCustomError(
        openMint,
        "OpenMint_TooLate",
      );
      await openMint.connect(other).collect(second);
      await openMint.connect(miner).collect(lie);
      expect(await token.totalSupply()).to.equal(OPEN_MINT.initialEmission);
      await expect(openMint.connect(miner).collect(lie))
        .to.be.revertedWithCustomError(openMint, "OpenMint_WrongState")
        .withArgs(lie, State.Collected);
    });

    it("bring the bond back, and what is left below the cap, when the supply is used up", async () => {
      const scene = await networkHelpers.loadFixture(almostCapped);
      const { openMint, token, miner, other } = scene;
      const [last, late] = [await claim(scene, ethers.id("a"), 1n), await claim(scene, ethers.id("b"), 2n, other)];
      await passWindow(scene, late);
      await openMint.connect(miner).collect(last);
      await openMint.connect(other).collect(late);
      expect(await token.balanceOf(miner)).to.equal(9n);
      expect(await token.balanceOf(other)).to.equal(0n);
      expect(await ethers.provider.getBalance(openMint)).to.equal(0n);
    });
  });

  describe("difficulty and emission", () => {
    it("make it four times as hard after a rush, and as easy again after silence", async () => {
      const scene = await networkHelpers.loadFixture(drawn);
      const { openMint } = scene;
      for (let nonce = 0n; nonce < 9n; nonce++) await claim(scene, ethers.ZeroHash, nonce);
      await proveSeed(scene, 1n);
      await networkHelpers.mine();
      const quarter = EVERYTHING_WINS / 4n;
      expect(await openMint.getMiningTarget()).to.equal(quarter);
      expect(await openMint.getMiningDifficulty()).to.equal(4n);
      expect(await openMint.targetOf(2n)).to.equal(EVERYTHING_WINS - 3n);
      expect(await openMint.targetOf(3n)).to.equal(EVERYTHING_WINS);
      expect(await openMint.targetOf(500n)).to.equal(EVERYTHING_WINS);
      expect(await openMint.claimsIn(0n)).to.deep.equal([9n, 0n]);
    });

    it("halve the emission, and say what one more claim would bring", async () => {
      const scene = await networkHelpers.loadFixture(drawn);
      const { openMint, beacon } = scene;
      expect(await openMint.emissionOf(2n)).to.equal(OPEN_MINT.initialEmission);
      expect(await openMint.emissionOf(3n)).to.equal(OPEN_MINT.initialEmission / 2n);
      expect(await openMint.emissionOf(6n)).to.equal(OPEN_MINT.initialEmission / 4n);
      expect(await openMint.getMiningReward()).to.equal(OPEN_MINT.initialEmission / 2n);
      for (const nonce of [1n, 2n, 3n]) await claim(scene, ethers.ZeroHash, nonce);
      expect(await openMint.getMiningReward()).to.equal(OPEN_MINT.initialEmission / 4n);
      expect(await openMint.getChallengeNumber()).to.equal(await beacon.seedOf(0n));
    });

    it("are bounded when the contract is made", async () => {
      const { token, beacon, openMint } = await networkHelpers.loadFixture(drawn);
      for (const [parameter, value, least] of [
        ["halvingEpochs", 0n, 1n],
        ["wantedClaims", 0n, 1n],
        ["moveBlocks", 1n, 2n],
        ["easiestTarget", 0n, 1n],
        ["bond", 1n, 2n],
      ] as const)
        await expect(ethers.deployContract("OpenMint", [token, beacon, { ...OPEN_MINT, [parameter]: value }]))
          .to.be.revertedWithCustomError(openMint, "OpenMint_ParameterOutOfRange")
          .withArgs(parameter, value, least, (most: bigint) => most > least);
    });
  });

  describe("false claims", () => {
    it("lose the bond by one neuron, half of it burnt and half to the challenger that shows it", async () => {
      const scene = await networkHelpers.loadFixture(drawn);
      const { openMint, challenger, miner } = scene;
      const { x, evidence } = await answeredLie(scene);
      await expect(openMint.connect(challenger).prove(...evidence))
        .to.emit(openMint, "ClaimStruck")
        .withArgs(x, challenger.address, OPEN_MINT.bond / 2n);
      expect(await openMint.creditOf(challenger)).to.equal(DEPOSIT + OPEN_MINT.bond / 2n);
      expect(await openMint.claimsIn(0n)).to.deep.equal([1n, 1n]);
      await expect(openMint.connect(challenger).withdraw()).to.changeEtherBalance(
        ethers,
        challenger,
        DEPOSIT + OPEN_MINT.bond / 2n,
      );
      expect(await ethers.provider.getBalance(openMint), "burnt").to.equal(OPEN_MINT.bond / 2n);
      await passTo(200n);
      await expect(openMint.connect(miner).collect(x))
        .to.be.revertedWithCustomError(openMint, "OpenMint_WrongState")
        .withArgs(x, State.Struck);
    });

    it("lose it by silence as well", async () => {
      const scene = await networkHelpers.loadFixture(drawn);
      const { openMint, challenger, miner } = scene;
      const { trace, y } = await truthOf(scene);
      const x = await claim(scene, bytesToHex(y));
      await openMint.connect(challenger).challenge(x, { value: DEPOSIT });
      const { endsAt } = await openMint.claimOf(x);
      await passTo(endsAt);
      await expect(openMint.expire(x))
        .to.be.revertedWithCustomError(openMint, "OpenMint_TooEarly")
        .withArgs(x, endsAt + 1n);
      await passTo(endsAt + 1n);
      await expect(openMint.connect(miner).answer(x, trace))
        .to.be.revertedWithCustomError(openMint, "OpenMint_TooLate")
        .withArgs(x, endsAt);
      await openMint.expire(x);
      expect(await openMint.creditOf(challenger)).to.equal(DEPOSIT + OPEN_MINT.bond / 2n);
    });

    it("are not laundered by a friend who challenges first, and shows nothing", async () => {
      const scene = await networkHelpers.loadFixture(drawn);
      const { openMint, other, challenger: friend } = scene;
      const { x, evidence } = await answeredLie(scene);
      await passTo((await openMint.claimOf(x)).endsAt - 2n);
      await openMint.connect(other).challenge(x);
      await openMint.connect(other).prove(...evidence);
      expect(await openMint.creditOf(other)).to.equal(OPEN_MINT.bond / 2n);
      expect(await openMint.creditOf(friend)).to.equal(DEPOSIT);
    });

    it("give nothing to whoever copies the proof from the mempool", async () => {
      const scene = await networkHelpers.loadFixture(drawn);
      const { openMint, thief } = scene;
      const { x, evidence } = await answeredLie(scene);
      await expect(openMint.connect(thief).prove(...evidence))
        .to.be.revertedWithCustomError(openMint, "OpenMint_NotAChallenger")
        .withArgs(x, thief.address);
      await provider.request({ method: "evm_setAutomine", params: [false] });
      const gasLimit = 1_000_000n;
      await openMint.connect(thief).challenge(x, { gasLimit });
      const copied = await openMint.connect(thief).prove(...evidence, { gasLimit });
      await networkHelpers.mine();
      await provider.request({ method: "evm_setAutomine", params: [true] });
      expect((await ethers.provider.getTransactionReceipt(copied.hash))!.status).to.equal(0);
      expect((await openMint.claimOf(x)).state).to.equal(State.Answered);
    });

    it("are struck once, whoever else has a proof", async () => {
      const scene = await networkHelpers.loadFixture(drawn);
      const { openMint, other, challenger } = scene;
      const { x, evidence } = await answeredLie(scene);
      await openMint.connect(other).challenge(x);
      await openMint.connect(challenger).prove(...evidence);
      await expect(openMint.connect(other).prove(...evidence))
        .to.be.revertedWithCustomError(openMint, "OpenMint_WrongState")
        .withArgs(x, State.Struck);
    });
  });

  describe("honest claims", () => {
    it("keep their bond and take the deposit of a challenger that finds nothing", async () => {
      const scene = await networkHelpers.loadFixture(drawn);
      const { openMint, challenger, miner, other } = scene;
      const { y, trace } = await truthOf(scene);
      const x = await claim(scene, bytesToHex(y));
      await openMint.connect(challenger).challenge(x, { value: DEPOSIT });
      await expect(openMint.connect(other).answer(x, trace))
        .to.be.revertedWithCustomError(openMint, "OpenMint_NotTheMiner")
        .withArgs(other.address, miner.address);
      await expect(openMint.connect(miner).answer(x, trace.subarray(1)))
        .to.be.revertedWithCustomError(openMint, "OpenMint_WrongLength")
        .withArgs(8_319, 8_320);
      await openMint.connect(miner).answer(x, trace);
      for (const [layer, index] of [
        [0, 0],
        [33, 700],
        [65, 255],
      ] as const) {
        const { states, proof } = openLayer(trace, layer);
        await expect(openMint.connect(challenger).prove(x, layer, index, states, [...proof]))
          .to.be.revertedWithCustomError(openMint, "OpenMint_NeuronAgrees")
          .withArgs(layer, index);
      }
      const { states, proof } = openLayer(flipped(trace, 4_000), 4);
      await expect(openMint.connect(challenger).prove(x, 4, 0, states, [...proof]))
        .to.be.revertedWithCustomError(openMint, "OpenMint_WrongStates")
        .withArgs(x, 4);
      await passWindow(scene, x);
      await expect(openMint.connect(miner).collect(x)).to.changeEtherBalances(
        ethers,
        [miner, openMint],
        [OPEN_MINT.bond + DEPOSIT, -OPEN_MINT.bond - DEPOSIT],
      );
      await expect(openMint.connect(challenger).withdraw())
        .to.be.revertedWithCustomError(openMint, "OpenMint_NothingToWithdraw")
        .withArgs(challenger.address);
    });

    it("have their answer's gas paid for: a challenge below the deposit is refused, and a late one's money stays its own", async () => {
      const scene = await networkHelpers.loadFixture(drawn);
      const { openMint, challenger, other } = scene;
      const x = await claim(scene, ethers.id("y"));
      await networkHelpers.setNextBlockBaseFeePerGas(10n ** 9n);
      await expect(openMint.connect(challenger).challenge(x, { value: 10n ** 9n })).to.be.revertedWithCustomError(
        openMint,
        "OpenMint_DepositTooLow",
      );
      await openMint.connect(challenger).challenge(x, { value: DEPOSIT });
      await openMint.connect(other).challenge(x, { value: 5n });
      expect(await openMint.creditOf(other)).to.equal(5n);
      await expect(openMint.challenge(ethers.id("no claim"))).to.be.revertedWithCustomError(
        openMint,
        "OpenMint_WrongState",
      );
    });
  });

  it("costs each user action under 150,000 gas, and a proof under 200,000, an answer under 400,000", async () => {
    const scene = await networkHelpers.loadFixture(drawn);
    const { openMint, miner, challenger, other } = scene;
    const figures: Record<string, bigint> = {};
    const gas = async (what: string, sent: Promise<{ wait(): Promise<{ gasUsed: bigint } | null> }>) => {
      figures[what] = (await (await sent).wait())!.gasUsed;
    };
    const honest = await truthOf(scene, 8n, other);
    const word = bytesToHex(honest.y);
    await gas("mint, the epoch's first", openMint.connect(other).mint(8n, word, { value: OPEN_MINT.bond }));
    const { x, evidence } = await answeredLie(scene);
    const second = await inputOf(scene, other, 8n);
    await gas("mint", openMint.connect(other).mint(9n, word, { value: OPEN_MINT.bond }));
    await gas("challenge", openMint.connect(challenger).challenge(second, { value: DEPOSIT }));
    await gas("answer", openMint.connect(other).answer(second, honest.trace));
    await gas("challenge, joined", openMint.connect(miner).challenge(second));
    await gas("prove", openMint.connect(challenger).prove(...evidence));
    await gas("withdraw", openMint.connect(challenger).withdraw());
    await passWindow(scene, second);
    await gas("collect", openMint.connect(other).collect(second));
    expect((await openMint.claimOf(x)).state).to.equal(State.Struck);
    // Zero bytes of states and ids are cheaper, and those follow from the chain's randomness: rounded up to 5,000.
    for (const [what, used] of Object.entries(figures)) {
      const limit = what === "answer" ? 400_000n : what === "prove" ? 200_000n : 150_000n;
      snapshot(`open-mint: ${what}`, ((used + 4_999n) / 5_000n) * 5_000n, limit);
    }
  });
});
