# What go.mod cannot say about the build of $package; read by hack/programs/programs.sh.
case $package in
github.com/operator-framework/operator-registry/cmd/opm)
    # json1 is for the SQLite catalogs of old. Without the other tag the C library gpgme is needed,
    # for signatures, which are not checked here.
    tags=json1,containers_image_openpgp
    ;;
esac
