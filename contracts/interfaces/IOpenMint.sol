// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The open mint: a lottery of TensHashes for whoever has no stake yet
/// @notice A small share of the emission goes to whoever finds nonces whose TensHash is lucky under the epoch's seed
/// (DESIGN section 6). Nothing is needed for it but a processor and the bond, in ether, that a claim stands behind until
/// its window has passed.
///
/// ```
///   x = keccak256(abi.encode(chainid, this contract, miner, epoch, nonce))      the TensHash's input, and the claim's id
///   y = TensHash(seed of the epoch, x)                                          lucky if uint256(keccak256(abi.encode(y, x))) <= target
/// ```
///
/// The seed of an epoch is drawn after the epoch, as everywhere; its tickets are hashed and claimed in the epoch's length
/// that follows, and in every block exactly one epoch can be claimed. The miner is in x: a claim copied from the mempool
/// is another ticket. Epoch and contract are in it: no claim serves twice.
///
/// The contract does not compute the TensHash: it believes the claim unless somebody objects. Whoever does, deposits what
/// an answer costs; the miner answers with the 8,320 bytes of the trace, which are checked against nothing; then every
/// challenger may show a neuron of it that is false, and a false y cannot have a trace without one. A false or unanswered
/// claim loses its bond, half of it burnt and half to the challenger. One answer serves all challengers, and the claim
/// stays open to them until its end: a friend that challenges first and shows nothing launders nothing.
///
/// The interface is that of EIP-918 (mineable tokens) in the form of the 0xBitcoin token, `mint(nonce, digest)`, with the
/// TensHash as the digest. What differs: `mint` is payable and makes a claim, and the `Mint` event comes with {collect}.
interface IOpenMint {
    enum OpenClaimState {
        None,
        Claimed,
        Challenged, // the miner has to answer
        Answered, // the trace is there: challengers have to find the false neuron in it
        Collected,
        Struck
    }

    struct Parameters {
        uint64 halvingEpochs; // at least 1
        uint32 wantedClaims; // per epoch, at least 1
        uint32 moveBlocks; // for an answer, and then for finding the false neuron; at least 2
        uint256 easiestTarget; // of the first epoch, and after long silence; at least 1
        uint256 initialEmission; // GRIST wei per epoch
        uint256 bond; // wei of ether per claim, at least 2
    }

    struct ClaimView {
        OpenClaimState state;
        address miner;
        uint64 epoch;
        uint64 endsAt; // block: Challenged: the last one for the answer; Claimed, Answered: the first one to collect in
        bytes32 y;
        address challenger; // the first one, whose deposit pays for the answer
        uint256 deposit; // wei
    }

    /// @notice EIP-918: GRIST was minted for a claim.
    /// @param from the miner
    /// @param rewardAmount GRIST wei
    /// @param epochCount the claim's epoch
    /// @param newChallengeNumber seed that tickets are hashed under now
    event Mint(address indexed from, uint256 rewardAmount, uint256 epochCount, bytes32 newChallengeNumber);
    /// @notice The first claim of an epoch fixed its target.
    event EpochOpened(uint64 indexed epoch, uint256 target);
    event TicketClaimed(bytes32 indexed x, address indexed miner, uint64 indexed epoch, uint256 nonce, bytes32 y);
    event ClaimChallenged(bytes32 indexed x, address indexed challenger, uint256 answerBy);
    /// @notice `trace` is the u8 tensor [65][128] of TensHash's states, row after row.
    event ClaimAnswered(bytes32 indexed x, uint256 endsAt, bytes trace);
    /// @notice The claim is void. Half of its bond is `challenger`'s, the other half was burnt: it stays in this contract
    /// for good.
    event ClaimStruck(bytes32 indexed x, address indexed challenger, uint256 burned);
    event EtherWithdrawn(address indexed account, uint256 amount);

    /// @notice `parameter` must be from `least` to `most`.
    error OpenMint_ParameterOutOfRange(string parameter, uint256 value, uint256 least, uint256 most);
    /// @notice No epoch has ended yet whose tickets could be hashed: the first can be claimed from `firstBlock` on.
    error OpenMint_NothingClaimable(uint256 firstBlock);
    /// @notice Prove the seed first: {IEpochBeacon-proveSeed}.
    error OpenMint_SeedNotProven(uint64 epoch);
    error OpenMint_WrongBond(uint256 given, uint256 bond);
    error OpenMint_NotLucky(bytes32 x, bytes32 y, uint256 target);
    error OpenMint_AlreadyClaimed(bytes32 x);
    error OpenMint_WrongState(bytes32 x, OpenClaimState state);
    error OpenMint_NotTheMiner(address caller, address miner);
    /// @notice The claim's window, or the time for this move, ended with block `endsAt`.
    error OpenMint_TooLate(bytes32 x, uint256 endsAt);
    /// @notice This can be done from block `endsAt` on.
    error OpenMint_TooEarly(bytes32 x, uint256 endsAt);
    error OpenMint_DepositTooLow(uint256 given, uint256 expected);
    error OpenMint_WrongLength(uint256 given, uint256 expected);
    /// @notice Only who challenged the claim in an earlier block may show that it is false, so that nobody takes the
    /// reward with a proof copied from the mempool.
    error OpenMint_NotAChallenger(bytes32 x, address caller);
    /// @notice These are not the states around the layer in the trace that the miner gave.
    error OpenMint_WrongStates(bytes32 x, uint8 layer);
    /// @notice The neuron follows from the states around it: this shows nothing.
    error OpenMint_NeuronAgrees(uint8 layer, uint16 index);
    error OpenMint_NothingToWithdraw(address account);
    error OpenMint_SendFailed(address account, uint256 amount);

    // --- miner

    /// @notice EIP-918: claims a ticket of the epoch that can be claimed now. Sends `bond` wei, which come back with the
    /// reward.
    /// @param nonce of the caller's choice
    /// @param digest y, the TensHash of {ticketInput}
    /// @return success always true: what is refused reverts
    function mint(uint256 nonce, bytes32 digest) external payable returns (bool success);

    /// @notice The trace of a challenged claim's TensHash.
    /// @param trace 8,320 bytes, row after row
    function answer(bytes32 x, bytes calldata trace) external;

    /// @notice Mints the reward of a claim whose window has passed, and returns the bond, with the deposit of a challenger
    /// that was answered and showed nothing. Where the supply's cap leaves nothing to mint, the bond comes back alone.
    function collect(bytes32 x) external returns (uint256 reward);

    // --- challenger

    /// @notice Objects to a claim, until its window ends. The first challenger sends {answerDeposit}, and what it loses if
    /// nobody shows a false neuron; whoever joins later needs to send nothing, and what it sends stays its own.
    function challenge(bytes32 x) external payable;

    /// @notice One neuron of the answer is false: the claim is struck, and half of its bond is the caller's.
    /// @param layer 0, the expansion, to 65, the output
    /// @param index of the neuron, below 1,024, in layer 65 below 256
    /// @param states row layer - 1 and row `layer` of the trace, 256 bytes; for layer 0 the first row alone, for layer 65
    /// the last
    /// @param proof as in {ITensHashGame-prove}
    function prove(bytes32 x, uint8 layer, uint16 index, bytes calldata states, bytes32[] calldata proof) external;

    // --- anyone

    /// @notice The miner did not answer in time: the claim is struck for its first challenger.
    function expire(bytes32 x) external;

    /// @notice Pays out the caller's ether: returned deposits and halves of bonds.
    function withdraw() external returns (uint256 amount);

    // --- views: EIP-918, of the epoch that can be claimed now

    /// @notice The seed; zero while it is not proven.
    function getChallengeNumber() external view returns (bytes32);

    /// @notice How many times as hard as at the easiest target it is to be lucky.
    function getMiningDifficulty() external view returns (uint256);

    function getMiningTarget() external view returns (uint256);

    /// @notice GRIST wei that one more claim would bring if it was the last one.
    function getMiningReward() external view returns (uint256);

    // --- views

    /// @notice The one epoch whose tickets can be claimed in this block.
    function claimableEpoch() external view returns (uint64);

    /// @notice x of a ticket, and the id of its claim.
    function ticketInput(address miner, uint64 epoch, uint256 nonce) external view returns (bytes32);

    function claimOf(bytes32 x) external view returns (ClaimView memory);

    /// @notice Block in which an account challenged a claim, 0 if it did not.
    function challengedAt(bytes32 x, address challenger) external view returns (uint256);

    /// @notice How many claims of the epoch were made, and how many of these were struck.
    function claimsIn(uint64 epoch) external view returns (uint32 made, uint32 struck);

    /// @notice Largest lucky number. It follows the number of claims, by a factor of at most 4 from epoch to epoch, and
    /// never gets easier than at the beginning.
    function targetOf(uint64 epoch) external view returns (uint256);

    /// @notice GRIST wei for all claims of the epoch together: halved every `halvingEpochs`.
    function emissionOf(uint64 epoch) external view returns (uint256);

    /// @notice GRIST wei for each claim of the epoch: the emission over its claims, or over those wanted if there are
    /// fewer.
    function rewardOf(uint64 epoch) external view returns (uint256);

    /// @notice Gas that an answer takes at most.
    function ANSWER_GAS() external view returns (uint256);

    /// @notice Wei that the first challenger deposits at the current base fee: twice what an answer's gas costs.
    function answerDeposit() external view returns (uint256);

    /// @notice Wei per claim.
    function bond() external view returns (uint256);

    function moveBlocks() external view returns (uint32);

    /// @notice Wei that the contract owes the account.
    function creditOf(address account) external view returns (uint256);
}
