# What go.mod cannot say about the build of $package; read by hack/programs/programs.sh.
case $package in
github.com/operator-framework/operator-sdk/cmd/operator-sdk)
    # Without it the C library gpgme is needed, for signatures, which are not checked here.
    tags=containers_image_openpgp
    # The version ends in the bundle's annotations.
    ldflags="$ldflags -X github.com/operator-framework/operator-sdk/internal/version.Version=$version"
    ;;
esac
