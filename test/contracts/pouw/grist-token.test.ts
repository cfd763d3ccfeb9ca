import { expect } from "chai";
import { network } from "hardhat";

import { signPermit } from "../helpers/permit.ts";

const connection = await network.create();
const { ethers, networkHelpers } = connection;

async function deploy() {
  const [deployer, holder, stranger] = await ethers.getSigners();
  const token = await ethers.deployContract("GristToken", [1_000n, [holder!.address], [400n]]);
  const mint = await ethers.deployContract("RegistryDouble");
  const mintAddress = await mint.getAddress();
  await networkHelpers.setBalance(mintAddress, 10n ** 18n);
  const asMint = await ethers.getImpersonatedSigner(mintAddress);
  return { token, mint, asMint, deployer: deployer!, holder: holder!, stranger: stranger! };
}

async function appointed() {
  const suite = await deploy();
  await suite.token.appoint([suite.mint]);
  return suite;
}

describe("GristToken", () => {
  it("gives the genesis allocation and nothing else", async () => {
    const { token, holder } = await networkHelpers.loadFixture(deploy);
    expect(await token.totalSupply()).to.equal(400n);
    expect(await token.balanceOf(holder)).to.equal(400n);
    expect(await token.cap()).to.equal(1_000n);
    expect([await token.name(), await token.symbol(), await token.decimals()]).to.deep.equal([
      "Gristmill",
      "GRIST",
      18n,
    ]);
  });

  it("refuses a genesis whose lengths differ or that is above the cap", async () => {
    const { token, holder } = await networkHelpers.loadFixture(deploy);
    const factory = await ethers.getContractFactory("GristToken");
    await expect(factory.deploy(1_000n, [holder.address], []))
      .to.be.revertedWithCustomError(token, "GristToken_GenesisLengths")
      .withArgs(1, 0);
    await expect(factory.deploy(1_000n, [holder.address], [1_001n]))
      .to.be.revertedWithCustomError(token, "ERC20ExceededCap")
      .withArgs(1_001n, 1_000n);
  });

  it("lets nobody mint before a mint is appointed, the deployer included", async () => {
    const { token, deployer } = await networkHelpers.loadFixture(deploy);
    await expect(token.mint(deployer, 1n))
      .to.be.revertedWithCustomError(token, "GristToken_NotAMint")
      .withArgs(deployer);
  });

  it("lets an appointed mint mint up to the cap, and again what was burned", async () => {
    const { token, asMint, holder, stranger } = await networkHelpers.loadFixture(appointed);
    await expect(token.connect(asMint).mint(stranger, 600n)).to.changeTokenBalance(ethers, token, stranger, 600n);
    await expect(token.connect(asMint).mint(stranger, 1n))
      .to.be.revertedWithCustomError(token, "ERC20ExceededCap")
      .withArgs(1_001n, 1_000n);
    await token.connect(holder).burn(50n);
    await token.connect(asMint).mint(stranger, 50n);
    expect(await token.totalSupply()).to.equal(1_000n);
  });

  it("appoints once: the deployer cannot appoint again, nor can a stranger ever", async () => {
    const { token, mint, stranger, deployer } = await networkHelpers.loadFixture(deploy);
    await expect(token.connect(stranger).appoint([mint]))
      .to.be.revertedWithCustomError(token, "Wired_NotDeployer")
      .withArgs(stranger, deployer);
    expect(await token.isWired()).to.equal(false);
    await expect(token.appoint([mint]))
      .to.emit(token, "MintsAppointed")
      .withArgs([await mint.getAddress()]);
    expect(await token.isWired()).to.equal(true);
    expect(await token.isMint(mint)).to.equal(true);
    await expect(token.appoint([mint])).to.be.revertedWithCustomError(token, "Wired_AlreadyWired");
  });

  it("refuses a mint that is no contract, and stays unwired then", async () => {
    const { token, stranger } = await networkHelpers.loadFixture(deploy);
    await expect(token.appoint([stranger]))
      .to.be.revertedWithCustomError(token, "Wired_NotAContract")
      .withArgs(stranger);
    expect(await token.isWired()).to.equal(false);
  });

  it("takes a permit once and refuses its replay", async () => {
    const { token, holder, stranger } = await networkHelpers.loadFixture(deploy);
    const { v, r, s } = await signPermit(token, holder, stranger.address, 5n);
    await token.connect(stranger).permit(holder, stranger, 5n, ethers.MaxUint256, v, r, s);
    expect(await token.allowance(holder, stranger)).to.equal(5n);
    await expect(
      token.connect(stranger).permit(holder, stranger, 5n, ethers.MaxUint256, v, r, s),
    ).to.be.revertedWithCustomError(token, "ERC2612InvalidSigner");
  });

  it("burns out of an allowance and no further", async () => {
    const { token, holder, stranger } = await networkHelpers.loadFixture(deploy);
    await token.connect(holder).approve(stranger, 10n);
    await token.connect(stranger).burnFrom(holder, 10n);
    expect(await token.totalSupply()).to.equal(390n);
    await expect(token.connect(stranger).burnFrom(holder, 1n))
      .to.be.revertedWithCustomError(token, "ERC20InsufficientAllowance")
      .withArgs(stranger, 0, 1);
  });
});
